// The rules of docs/architecture.md that no compiler keeps, computed from the import statements themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';

const suite = makeSuite('policy');

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface SourceText {
  /** Path in the project. */
  readonly file: string;
  readonly text: string;
  /** What it imports, statically or not: paths in the project, names of packages. */
  readonly imports: readonly string[];
}

const listTypeScript = (folder: string): string[] =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .sort();

function readSource(file: string): SourceText {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const imports = ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), fileName)) : fileName,
    );
  return { file, text, imports };
}

const scripts = listTypeScript('scripts').map(readSource);
const lib = scripts.filter(({ file }) => file.startsWith('scripts/lib/'));
const libAndVerbs = scripts.filter(({ file }) => /^scripts\/(lib|verbs)\//.test(file));
const under = (folder: string): SourceText[] => lib.filter(({ file }) => file.startsWith(`scripts/lib/${folder}/`));

/** `FILE imports NAME` for each import that is not allowed. */
const breaches = (sources: readonly SourceText[], isAllowed: (name: string, file: string) => boolean): string[] =>
  sources.flatMap(({ file, imports }) =>
    imports.filter(name => !isAllowed(name, file)).map(name => `${file} imports ${name}`),
  );

const isPackage = (name: string, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}/`);

suite('imports are found: of packages, of types, and dynamic ones', () => {
  const importsOf = (file: string) => scripts.find(each => each.file === file)?.imports ?? [];
  assert.ok(importsOf('scripts/lib/run/process.ts').includes('execa'));
  assert.ok(importsOf('scripts/lib/run/exec.ts').includes('scripts/lib/plan/job.ts'));
  assert.ok(importsOf('scripts/verb-table.ts').includes('scripts/verbs/generate.ts'));
  assert.ok(lib.length > 30);
});

suite('execa is imported by lib/run/process.ts alone', () => {
  assert.equal(
    breaches(scripts, (name, file) => !isPackage(name, 'execa') || file === 'scripts/lib/run/process.ts'),
    [],
  );
});

suite('zx is imported by no file of lib and no verb', () => {
  assert.equal(
    breaches(libAndVerbs, name => !isPackage(name, 'zx')),
    [],
  );
});

suite('node:child_process is imported by the lock and by what starts shells, for its types by process groups', () => {
  const isChildProcess = (name: string) => /^(node:)?child_process$/.test(name);
  const MAY = ['lock', 'shells', 'process-group'].map(name => `scripts/lib/run/${name}.ts`);
  assert.equal(
    breaches(libAndVerbs, (name, file) => !isChildProcess(name) || MAY.includes(file)),
    [],
  );
});

suite('builtins are imported with node: before their name', () => {
  const packages = Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).devDependencies);
  const isKnown = (name: string) => /^(node:|scripts\/)/.test(name) || packages.some(wanted => isPackage(name, wanted));
  assert.equal(breaches(scripts, isKnown), []);
});

/** The folders of lib that each folder must not import from. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  model: [
    'plan',
    'store',
    'run',
    'check',
    'generate',
    'graph',
    'authority',
    'renewal',
    'artifact',
    'secure-boot',
    'ceremony',
  ],
  store: ['plan', 'run', 'check', 'generate', 'graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  plan: ['run', 'check', 'generate', 'graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  run: ['check', 'generate', 'graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  check: ['generate', 'graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  generate: ['graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  graph: ['generate', 'run', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  authority: ['generate', 'graph', 'export', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
  renewal: ['graph', 'export', 'artifact', 'secure-boot', 'ceremony'],
  artifact: ['generate', 'graph', 'export', 'renewal', 'secure-boot', 'ceremony'],
  'secure-boot': ['generate', 'graph', 'export', 'ceremony'],
  ceremony: ['graph', 'export', 'artifact', 'secure-boot'],
  help: ['model', 'store', 'plan', 'run', 'check', 'generate', 'graph', 'authority', 'renewal'],
  export: ['plan', 'run', 'check', 'generate', 'graph', 'authority', 'renewal', 'artifact', 'secure-boot', 'ceremony'],
};
for (const [folder, forbidden] of Object.entries(FORBIDDEN))
  suite(`lib/${folder} imports nothing of ${forbidden.join(', ')}`, () => {
    assert.ok(under(folder).length > 0);
    assert.equal(
      breaches(under(folder), name => !forbidden.some(other => name.startsWith(`scripts/lib/${other}/`))),
      [],
    );
  });

suite('lib/plan imports only itself, the model, and what store says of names and exports', () => {
  const allowed = /^scripts\/lib\/(plan\/|model\/|errors\.ts$|store\/(names|exports)\.ts$)/;
  assert.equal(
    breaches(under('plan'), name => allowed.test(name)),
    [],
  );
});

suite('model and plan are pure: they import no builtin of node', () => {
  assert.equal(
    breaches([...under('model'), ...under('plan')], name => !name.startsWith('node:')),
    [],
  );
});

suite('nothing in lib imports a verb, the options or main', () => {
  assert.equal(
    breaches(lib, name => !name.startsWith('scripts/') || name.startsWith('scripts/lib/')),
    [],
  );
});

suite('every folder of lib has its rule', () => {
  const folders = new Set(lib.map(({ file }) => file.split('/')[2]!).filter(name => !name.endsWith('.ts')));
  assert.equal(
    [...folders].filter(name => !(name in FORBIDDEN)),
    [],
  );
});

suite('process.exit, which loses what is not printed yet, is called nowhere', () => {
  const callers = scripts.filter(({ text }) => /\bprocess\.exit\b/.test(withoutComments(text))).map(({ file }) => file);
  assert.equal(callers, []);
});

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

suite('no file of scripts has more than 200 lines', () => {
  const long = scripts.filter(({ text }) => text.trimEnd().split('\n').length > 200).map(({ file }) => file);
  assert.equal(long, []);
});

suite('every file of lib begins by saying what it is', () => {
  assert.equal(
    lib.filter(({ text }) => !text.startsWith('// ')).map(({ file }) => file),
    [],
  );
});

suite('every test file calls .run(): without it a suite is green and tests nothing', () => {
  const tests = listTypeScript('test').filter(file => file.endsWith('.test.ts'));
  assert.ok(tests.length > 10);
  const mute = tests.filter(file => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const suites = text.match(/\b(makeSuite|suite)\('[^']*'\);/g)?.length ?? 0;
    return (text.match(/^\w+\.run\(\);$/gm)?.length ?? 0) < Math.max(1, suites);
  });
  assert.equal(mute, []);
});

suite.run();
