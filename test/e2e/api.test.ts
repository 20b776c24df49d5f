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

test.run();
