// A directory that was made with a configuration folder of one's own, and is then used without it.
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, MAIN, ROOT, scratch, start } from '../helpers/door.ts';

const test = suite('own configuration');
const folder = scratch();
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment(extra) }).ended;
const recipe = (name: string): string => join(ROOT, 'docs/recipes', name);

async function generate(name: string, conf: string, extra: NodeJS.ProcessEnv = {}, ...more: string[]): Promise<void> {
  const words = ['generate', '--dir', name, '--conf', conf, '--key-type', 'ec:prime256v1', '--quiet', ...more];
  const { status, stderr } = await program(words, extra);
  assert.is(status, 0, stderr);
}

/** Every file of a directory with its bytes. */
const contentOf = (name: string): string[] =>
  (readdirSync(join(folder, name), { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[])
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .sort()
    .map(file => `${file} ${readFileSync(file).toString('base64')}`);

async function refused(name: string, words: readonly string[], reason: RegExp): Promise<void> {
  const before = contentOf(name);
  const { status, stderr } = await program([...words, '--dir', name]);
  assert.is(status, 1, words.join(' '));
  assert.match(stderr, reason);
  assert.match(stderr, /^trustme-pki: hint: give the configuration that the directory was made with: --conf FOLDER$/m);
  assert.equal(contentOf(name), before);
}

test('an entity of a configuration that is not given is none that "issue" made', async () => {
  await generate('two', recipe('two-backends'));
  const reason =
    /error: no configuration that is given describes backend2, which was made by ".*\/two-backends\/customer\/backend2\.ini"/;
  await refused('two', ['renew', 'backend2'], reason);
  await refused('two', ['rekey', 'backend2'], reason);
  await refused('two', ['renew', 'gen_rootca', '--cascade'], reason);
  await refused('two', ['rekey', 'backend_subca', '--cascade'], reason);
  cpSync(join(folder, 'two'), join(folder, 'given'), { recursive: true });
  const words = ['renew', 'backend2', '--conf', recipe('two-backends'), '--dir', 'given', '--quiet'];
  const { status, stderr } = await program(words);
  assert.is(status, 0, stderr);
  assert.is((await program(['verify', 'given'])).status, 0);
});

test.run();
