// Builds dist/: the program in a few bundled files, so that it starts fast and needs no node_modules, and the shipped
// templates precompiled. Made in a folder beside dist/ and renamed, so that a caller never meets half a build.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import Handlebars from 'handlebars';
import { COMPILE_OPTIONS, readTemplate, TEMPLATES } from './lib/store/templates.ts';

const BUNDLED = ['execa', 'handlebars', 'ini'];

function precompiledTemplates(): string {
  const entries = Object.values(TEMPLATES).map(name => {
    const text = readTemplate(name);
    return `${JSON.stringify(text)}: ${Handlebars.precompile(text, COMPILE_OPTIONS)}`;
  });
  return `export default {\n${entries.join(',\n')}\n};\n`;
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

const target = mkdtempSync('dist.new.');
try {
  const { metafile } = await build({
    entryPoints: ['scripts/main.ts'],
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    outdir: target,
    // handlebars is CommonJS and asks for node's own modules by require.
    banner: { js: "import{createRequire as _r}from'node:module';const require=_r(import.meta.url);" },
    logLevel: 'warning',
  });
  writeFileSync(join(target, 'precompiled.js'), precompiledTemplates());
  writeFileSync(join(target, 'LICENSES.txt'), licences(Object.keys(metafile.inputs)));
  const missing = BUNDLED.filter(
    name => !Object.keys(metafile.inputs).some(file => file.includes(`node_modules/${name}/`)),
  );
  if (missing.length > 0) throw new Error(`not in the bundle: ${missing.join(', ')}`);
  chmodSync(target, 0o755);
  rmSync('dist', { recursive: true, force: true });
  renameSync(target, 'dist');
} finally {
  rmSync(target, { recursive: true, force: true });
}
