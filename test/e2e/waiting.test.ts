// Runs that wait for a CA: what another run did meanwhile, or left half done, is what they go on from.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, MAIN, scratch, start } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('waiting for a CA');
const folder = scratch();
const { succeed } = programIn(folder);

test.before(async () => {
  await succeed('generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet');
});

const copyOf = (name: string, of = 'base'): string => {
  cpSync(join(folder, of), join(folder, name), { recursive: true });
  return join(folder, name);
};

/** Runs the program while another process has the lock of a CA; when it waits for that, `work` is done there first. */
async function meanwhile(pki: string, ca: string, work: string, ...words: string[]): Promise<Ended> {
  const script = `echo held; read -r go; ${work}`;
  const args = [join(folder, pki, '.pki', ca, 'lock'), 'sh', '-ec', script];
  const holder = start('flock', args, { cwd: folder, stdio: 'pipe' });
  await new Promise(done => holder.child.stdout!.once('data', done));
  const waiting = start(process.execPath, [MAIN, ...words, '--dir', pki], { cwd: folder, env: cleanEnvironment() });
  waiting.child.stderr!.on('data', text => {
    if (String(text).includes(`waiting for another run on ${ca}`)) holder.child.stdin!.end('go\n');
  });
  const ended = await waiting.ended;
  holder.child.stdin!.end();
  assert.is((await holder.ended).status, 0, `nobody waited: ${ended.stdout}${ended.stderr}`);
  return ended;
}

test('what "issue" made is not renewed where it was revoked before its CA was free', async () => {
  await succeed('issue', 'device_subca', 'box', '--days', '20', '--dir', 'base');
  const pki = copyOf('revoked');
  copyOf('later');
  await succeed('revoke', 'box', '--dir', 'later');
  const before = readFileSync(join(pki, 'box.cert'));
  const index = '.pki/device_subca/index.txt';
  const revokes = `cp later/${index} revoked/${index}`;
  const refused = await meanwhile('revoked', 'device_subca', revokes, 'renew', 'box');
  assert.is(refused.status, 1, refused.stdout);
  assert.match(refused.stderr, /box is revoked \(unspecified\)/);
  for (const words of [
    ['renew', '--expiring', '30'],
    ['renew', 'device_subca', '--cascade'],
  ]) {
    cpSync(join(folder, 'base', index), join(pki, index));
    const { status, stdout, stderr } = await meanwhile('revoked', 'device_subca', revokes, ...words);
    assert.is(status, 0, stderr);
    assert.match(stdout, /^box stays as it is: box is revoked/m);
    assert.not.match(stdout, /^box: until /m);
  }
  assert.equal(readFileSync(join(pki, 'box.cert')), before);
});

test('of an entity and what "issue" made, both are made with the locks of their CAs held throughout', async () => {
  copyOf('both');
  const { status, stdout, stderr } = await meanwhile('both', 'device_subca', ':', 'renew', 'box', 'backend');
  assert.is(status, 0, stderr);
  assert.match(stdout, /^backend: until .*\nbox: until /m);
  await succeed('verify', 'both', '--expires-within', '10');
});

test.run();
