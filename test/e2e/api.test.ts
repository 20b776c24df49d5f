// The package from a program: the example of docs/api.md compiles with strict types, runs, and says what it should.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, ROOT, scratch, start, tool } from '../helpers/door.ts';

const test = suite('api');
const folder = scratch();
const example = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, 'docs/api.md'), 'utf8'))![1]!;

test.before(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/trustme-pki'));
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
});

const compile = (file: string): string => {
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', '--types', 'node'];
  return tool(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, file], folder);
};

test('the example of docs/api.md compiles, and runs', async () => {
  writeFileSync(join(folder, 'example.ts'), example);
  compile('example.ts');
  const { status, stdout, stderr } = await start(process.execPath, ['example.js'], {
    cwd: folder,
    env: cleanEnvironment(),
  }).ended;
  assert.is(status, 0, stderr);
  assert.match(stdout, /^\d+ jobs, the first makes \S+$/m);
  assert.match(stdout, /^gen_rootca\.cert ([0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
  assert.match(stdout, /^sound$/m);
  assert.match(stdout, /512.* \(.+\)$/m);
  assert.match(tool('openssl', ['x509', '-in', 'pki/gen_rootca.cert', '-noout', '-subject'], folder), /Acme General/);
});

test('a wrong type of an option does not compile', () => {
  writeFileSync(
    join(folder, 'wrong.ts'),
    "import { generate } from 'trustme-pki';\nawait generate('pki', { jobs: 'two' });\n",
  );
  assert.throws(() => compile('wrong.ts'));
});

/** Runs a body of a program; what it prints, line by line. */
async function printed(name: string, body: string): Promise<string[]> {
  writeFileSync(
    join(folder, `${name}.mjs`),
    `import { generate, isPkiError, planPki, verify } from 'trustme-pki';\n${body}`,
  );
  const { status, stdout, stderr } = await start(process.execPath, [`${name}.mjs`], {
    cwd: folder,
    env: cleanEnvironment(),
  }).ended;
  assert.is(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}

const TELL = `const tell = work => work.then(() => console.log('done'), error =>
  console.log([isPkiError(error) && Boolean(error.hint), error.exitCode, error.message, error.cause?.name ?? error.cause].join(' ').trim()));`;

test('values that the types do not allow are wrong use, not a directory that is sound nor a bug', async () => {
  const wrong: readonly (readonly [call: string, message: string])[] = [
    ["verify('pki', { expiresWithinDays: Number(undefined) })", 'expiresWithinDays "NaN" is no number of days'],
    ["verify('pki', { expiresWithinDays: -1 })", 'expiresWithinDays "-1" is no number of days'],
    ["verify('pki', { expiresWithinDays: 36501 })", 'expiresWithinDays "36501" is no number of days'],
    ["verify('pki', { expiresWithinDays: 'abc' })", 'expiresWithinDays: found "abc", expected a number'],
    ["verify('pki', { production: 'false' })", 'production: found "false", expected true or false'],
    ['verify(undefined)', 'directory: found "undefined", expected a text that is not empty, without NUL'],
    ["generate('wrong', { jobs: 1e9 })", 'jobs "1000000000" is no number of jobs'],
    ...['NaN', '0', '-1', '1.5'].map(
      jobs => [`generate('wrong', { jobs: ${jobs} })`, `jobs "${jobs}" is no number of jobs`] as const,
    ),
    ["generate('wrong', { jobs: '2x' })", 'jobs: found "2x", expected a number'],
    ["generate('wrong', { signal: 5 })", 'signal: found "5", expected an AbortSignal'],
    ["generate('wrong', null)", 'options: found "null", expected an object'],
    ["planPki({ configurationFolders: 'x' })", 'configurationFolders: found "x", expected a list of paths'],
    ["planPki({ configurationFolders: [''] })", 'configurationFolders: found "[ \'\' ]", expected a list of paths'],
    ['planPki({ keyType: 5 })', 'keyType: found "5", expected a text that is not empty, without NUL'],
    ["planPki({ brand: '' })", 'brand: found "", expected a text that is not empty, without NUL'],
    [
      String.raw`generate('a\0b')`,
      String.raw`directory: found "a\u0000b", expected a text that is not empty, without NUL`,
    ],
    [
      'planPki({ environment: { X: 12345 } })',
      'environment: found "{ X: 12345 }", expected an object of texts without NUL',
    ],
    ['planPki({ environment: [] })', 'environment: found "[]", expected an object of texts without NUL'],
    ['planPki(null)', 'options: found "null", expected an object'],
    ["verify('pki', { Production: true })", 'unknown option "Production"'],
    ["generate('wrong', { platformkeys: true })", 'unknown option "platformkeys"'],
    ["planPki({ keyType: 'rsa:2048', colour: 'red' })", 'unknown option "colour"'],
  ];
  const lines = await printed('wrong', `${TELL}\n${wrong.map(([call]) => `await tell(${call});`).join('\n')}`);
  assert.equal(
    lines,
    wrong.map(([, message]) => `true 2 ${message}`),
  );
  assert.not.ok(existsSync(join(folder, 'wrong')));
});

test('a misspelt option is told with the one that is near; options of another function are none', async () => {
  const call = `for (const options of [{ expiresWithindays: 9 }, { colour: 1 }])
  await verify('pki', options).catch(error => console.log(error.hint));
console.log(String((await planPki({ production: true, keyType: 'ec:prime256v1' })).jobs.length > 9));`;
  assert.equal(await printed('misspelt', call), [
    'did you mean "expiresWithinDays"?',
    'the options: configurationFolders, keyType, brand, platformKeys, forceWeak, generateTokenKeys, rehearse, production, environment, signal, jobs, expiresWithinDays, note',
    'true',
  ]);
});

test('a run that its caller stops, or the system, throws a PkiError whatever the reason', async () => {
  const lines = await printed(
    'stopped',
    `import { writeFileSync } from 'node:fs';
    ${TELL}
    const soon = (reason, ms) => { const stop = new AbortController(); setTimeout(() => stop.abort(reason), ms); return stop.signal; };
    await tell(generate('stopped', { signal: soon(undefined, 300) }));
    await tell(generate('stopped', { signal: AbortSignal.abort('by hand') }));
    await tell(generate('stopped', { signal: AbortSignal.timeout(300) }));
    await tell(verify('pki', { signal: AbortSignal.abort() }));
    await tell(verify('pki', { signal: soon(undefined, 30) }));
    writeFileSync('file', '');
    await tell(generate('file/pki', {}));`,
  );
  const aborted = 'true 130 aborted: This operation was aborted AbortError';
  assert.equal(lines.slice(0, 5), [
    aborted,
    'true 130 aborted: by hand by hand',
    'true 130 aborted: The operation was aborted due to timeout TimeoutError',
    aborted,
    aborted,
  ]);
  assert.match(lines[5]!, /^true 1 .*file/);
  assert.not.ok(existsSync(join(folder, 'stopped')));
});

test('an aborted run publishes nothing; require() works, too', async () => {
  const script = `const { generate, isPkiError } = require('trustme-pki');
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 300);
    generate('aborted', { keyType: 'rsa:4096', signal: controller.signal }).then(() => process.exit(3), error => console.log(error.message));`;
  writeFileSync(join(folder, 'abort.cjs'), script);
  const { status, stdout } = await start(process.execPath, ['abort.cjs'], { cwd: folder, env: cleanEnvironment() })
    .ended;
  assert.is(status, 0);
  assert.match(stdout, /enough/);
  assert.not.ok(existsSync(join(folder, 'aborted')));
});

test('a run in the same process sees what changed in the environment since the one before', async () => {
  const body = `${TELL}
const own = { ...process.env, PATH: '/nowhere' };
await tell(generate('later', { keyType: 'ed25519', environment: own }));
own.PATH = process.env.PATH;
await tell(generate('later', { keyType: 'ed25519', environment: own }));
await tell(verify('later', { environment: own }));`;
  const [first, ...others] = await printed('later', body);
  assert.match(first!, /^true 1 .*openssl/);
  assert.equal(others, ['done', 'done']);
});

test('the mask of the process is its own again after runs side by side', async () => {
  const body = `process.umask(0o077);
const types = ['ec:prime256v1', 'rsa:2048'];
await Promise.all(types.map(keyType => generate(\`mask-\${keyType.slice(0, 2)}\`, { keyType })));
console.log(process.umask().toString(8));`;
  assert.equal(await printed('mask', body), ['77']);
});

test.run();
