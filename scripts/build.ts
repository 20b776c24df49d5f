// Builds dist/: the program in a few bundled files, so that it starts fast and needs no node_modules, and the shipped
// templates precompiled. Made in a folder beside dist/ and renamed, so that a caller never meets half a build.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import Handlebars from 'handlebars';
import typescript from 'typescript';
import { compiledName, readScript } from './compiled.ts';
import { COMPILE_OPTIONS, readTemplate, TEMPLATES } from './lib/store/templates.ts';
import { warmUp } from './warm-up.ts';

const BUNDLED = ['@peculiar/asn1-x509', 'execa', 'handlebars', 'ini'];

function precompiledTemplates(): string {
  const entries = Object.values(TEMPLATES).map(name => {
    const text = readTemplate(name);
    return `${JSON.stringify(text)}: ${Handlebars.precompile(text, COMPILE_OPTIONS)}`;
  });
  return `export const precompiled = {\n${entries.join(',\n')}\n};\n`;
}

/** The licences of everything that the bundle holds, from the packages that esbuild read. */
function licences(inputs: readonly string[]): string {
  const folders = new Set(
    inputs
      .map(file => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
      .filter(folder => folder !== undefined),
  );
  return [...folders]
    .sort()
    .map(folder => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
    })
    .join(`\n${'-'.repeat(78)}\n\n`);
}

/** Verbs that `generate` does without: each is a file of its own beside the program, loaded on demand. */
const VERBS = readdirSync('scripts/verbs')
  .map(file => file.replace(/\.ts$/, ''))
  .filter(
    name =>
      !['generate', 'gen-dev-certs', 'verb', 'directory', 'artifacts'].includes(name) && !name.startsWith('uefi-'),
  );

/**
 * Parts in a file of their own, too. What one of them throws is of other classes than those of the file that loads it:
 * nobody there may ask for them by `instanceof`.
 */
const PARTS = [
  ['generate/produce.ts', 'produce'],
  ['run/process.ts', 'process'],
] as const;

/** Modules that are loaded on demand, by the end of what imports call them. */
const ON_DEMAND: ReadonlyMap<string, string> = new Map([
  ...PARTS.map(([file, name]) => [file.replace(/.*\//, ''), `./${name}.cjs`] as const),
  ...VERBS.map(name => [`verbs/${name}.ts`, `./${name}.cjs`] as const),
]);

/** Large libraries, a file each for all that use them. */
const LIBRARIES = [
  { name: 'handlebars', imported: /^handlebars$/, contents: "module.exports = require('handlebars')" },
  { name: 'forge', imported: /^node-forge\//, contents: "module.exports = require('node-forge/lib/asn1.js')" },
] as const;

/** One more, whose classes take long to set up: it is read where the first of them is used. */
const ASN1 = ['schema', 'x509', 'rsa'].map(part => `@peculiar/asn1-${part}`);

/** What stands in its place. */
async function asn1OnDemand(): Promise<string> {
  const modules = await Promise.all(ASN1.map(name => import(name)));
  const names = new Set(modules.flatMap(Object.keys));
  return `let library;
    for (const name of ${JSON.stringify([...names])})
      Object.defineProperty(exports, name, { enumerable: true, get: () => (library ??= require('./asn1.cjs'))[name] });`;
}

const plugin: Plugin = {
  name: 'trustme-pki',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\./ }, ({ path, kind }) => {
      if (kind !== 'dynamic-import') return undefined;
      const file = [...ON_DEMAND].find(([end]) => path.endsWith(`/${end}`))?.[1];
      return file === undefined ? undefined : { path: file, external: true };
    });
    for (const { name, imported } of LIBRARIES)
      onResolve({ filter: imported }, () => ({ path: `./${name}.cjs`, external: true }));
    onResolve({ filter: /^@peculiar\// }, () => ({ path: 'asn1', namespace: 'on-demand' }));
    onLoad({ filter: /^/, namespace: 'on-demand' }, async () => ({ contents: await asn1OnDemand() }));
    onResolve({ filter: /^/, namespace: 'on-demand' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\/store\/precompiled\.ts$/ }, () => ({ contents: precompiledTemplates(), loader: 'js' }));
  },
};

const options = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // CommonJS starts faster than ES modules; what is loaded on demand is required when it is needed.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: 'warning',
  plugins: [plugin],
} as const satisfies BuildOptions;

/** What starts is read by every Node.js, and says where it is one that cannot read the rest. */
const startOptions = {
  ...options,
  target: 'node12',
  banner: {
    js: `if (parseInt(process.versions.node, 10) < 18) {
  process.stderr.write('trustme-pki: error: Node.js ' + process.versions.node + ' is too old: 20 or later is needed\\n' +
    'trustme-pki: hint: put a newer node first on PATH (https://nodejs.org)\\n');
  process.exitCode = 1;
  return;
}
${options.banner.js}`,
  },
} as const satisfies BuildOptions;

/** All functions of a file, compiled: what its verb needs is known when it runs. */
function compile(file: string): Buffer {
  // V8 would compile each function where it is called first.
  setFlagsFromString('--no-lazy');
  const script = readScript(file);
  // The flags are part of what has to fit.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

// Whoever can read the checkout can run the program, whoever built it.
process.umask(0o022);
const target = mkdtempSync('dist.new.');
try {
  const results = await Promise.all([
    build({ ...startOptions, entryPoints: ['scripts/start.ts'], outfile: join(target, 'main.cjs') }),
    build({ ...options, entryPoints: ['scripts/main.ts'], outfile: join(target, 'program.cjs') }),
    build({ ...options, entryPoints: ['scripts/api.ts'], outfile: join(target, 'index.cjs') }),
    ...[...PARTS, ...VERBS.map(name => [`../verbs/${name}.ts`, name] as const)].map(([file, name]) =>
      build({ ...options, entryPoints: [`scripts/lib/${file}`], outfile: join(target, `${name}.cjs`) }),
    ),
    ...[...LIBRARIES, { name: 'asn1', contents: ASN1.map(name => `export * from '${name}';`).join('\n') }].map(
      ({ name, contents }) =>
        build({
          ...options,
          plugins: [],
          stdin: { contents, resolveDir: '.' },
          outfile: join(target, `${name}.cjs`),
        }),
    ),
  ]);
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(target, 'LICENSES.txt'), licences(inputs));
  const missing = BUNDLED.filter(name => !inputs.some(file => file.includes(`node_modules/${name}/`)));
  if (missing.length > 0) throw new Error(`not in the bundle: ${missing.join(', ')}`);
  // The types of the interface stand in one file, which imports none.
  const { outputText } = typescript.transpileDeclaration(readFileSync('scripts/api.ts', 'utf8'), {
    fileName: 'api.ts',
    compilerOptions: { target: typescript.ScriptTarget.ES2022 },
  });
  writeFileSync(join(target, 'index.d.cts'), outputText);
  const warm = await warmUp(resolve(target));
  for (const name of readdirSync(target).filter(entry => entry.endsWith('.cjs') && entry !== 'main.cjs')) {
    const file = resolve(target, name);
    writeFileSync(compiledName(file), warm.get(file) ?? compile(file));
  }
  chmodSync(target, 0o755);
  chmodSync(join(target, 'main.cjs'), 0o755);
  rmSync('dist', { recursive: true, force: true });
  renameSync(target, 'dist');
} finally {
  rmSync(target, { recursive: true, force: true });
}
