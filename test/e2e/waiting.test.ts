// Runs that wait for a CA: what another run did meanwhile, or left half done, is what they go on from.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, isMissing, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { killAt } from '../helpers/killed.ts';
import { programIn, runProgram } from '../helpers/program.ts';

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

/** What a renewal of `name` leaves that is killed when its journal is there: shell text that puts it into the folder. */
async function killed(pki: string, name: string): Promise<string> {
  const inside = join(folder, `killed-${pki}`);
  mkdirSync(inside);
  cpSync(join(folder, pki), join(inside, pki), { recursive: true });
  await killAt('openat', [`${pki}/.pki/journal.json`], inside, 'renew', name, '--dir', pki);
  return `cp -a killed-${pki}/${pki}.staging.* . && cp killed-${pki}/${pki}/.pki/journal.json ${pki}/.pki/`;
}

const KILLED: readonly [name: string, pki: string, words: readonly string[], expected: RegExp][] = [
  ['revoke', 'revokes', ['revoke', 'out/x.cert'], /^R\t[^\n]*CN ?= ?x$/m],
  ['sign-csr', 'signs', ['sign-csr', 'ssig_subca', 'request.csr', '--output-dir', 'out'], /^V\t[^\n]*CN ?= ?asked$/m],
  ['issue', 'issues', ['issue', 'ssig_subca', 'y', '--output-dir', 'out'], /^V\t[^\n]*CN ?= ?y$/m],
];
for (const [verb, pki, words, expected] of KILLED)
  test(`${verb}, waiting for a CA whose renewal is killed, finishes that first: what both did is in the index`, async () => {
    if (isMissing('strace')) return;
    mkdirSync(join(folder, 'out'), { recursive: true });
    if (verb === 'revoke') await succeed('issue', 'ssig_subca', 'x', '--output-dir', 'out', '--dir', 'base');
    const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
    tool('openssl', ['req', '-new', ...keys, '-subj', '/CN=asked', '-out', 'request.csr'], folder);
    copyOf(pki);
    const rows = () => readFileSync(join(folder, pki, '.pki/ssig_subca/index.txt'), 'latin1');
    const before = rows().split('\n').length;
    const { status, stderr } = await meanwhile(pki, 'ssig_subca', await killed(pki, 'ssig'), ...words);
    assert.is(status, 0, stderr);
    assert.match(stderr, /finished what an interrupted run had begun/);
    await succeed('generate', '--dir', pki);
    assert.match(rows(), expected);
    assert.is(rows().split('\n').length, before + (verb === 'revoke' ? 1 : 2));
    await succeed('verify', pki, '--expires-within', '10');
  });

test('who finishes a journal waits for the CAs whose index it replaces', async () => {
  if (isMissing('strace')) return;
  const pki = copyOf('held');
  tool('sh', ['-ec', await killed('held', 'ssig')], folder);
  const isThere = 'test -e held/.pki/journal.json';
  const { status, stderr } = await meanwhile('held', 'ssig_subca', isThere, 'generate');
  assert.is(status, 0, stderr);
  assert.not.ok(existsSync(join(pki, '.pki/journal.json')));
});

test('many runs at once beside a journal: one finishes it, none waits for ever, and nothing that any did is lost', async () => {
  if (isMissing('strace')) return;
  const pki = copyOf('many');
  tool('sh', ['-ec', await killed('many', 'ssig')], folder);
  const again = ['generate', 'renew ssig', 'renew box backend', 'crl', 'revoke out/x.cert'];
  const issues = [1, 2, 3].flatMap(i => [`issue ssig_subca s${i}`, `issue device_subca d${i}`]);
  const runs = [...again, ...issues, 'rekey ssig_subca --cascade'].map(async line => {
    const words = [...line.split(' '), '--dir', 'many'];
    return { line, ...(await start(process.execPath, [MAIN, ...words], { cwd: folder, timeout: 90_000 }).ended) };
  });
  for (const { line, status, stderr } of await Promise.all(runs)) assert.is(status, 0, `${line}: ${stderr}`);
  assert.not.ok(existsSync(join(pki, '.pki/journal.json')));
  assert.equal(
    readdirSync(folder).filter(name => name.startsWith('many.staging.')),
    [],
  );
  const index = readFileSync(join(pki, '.pki/ssig_subca/index.txt'), 'latin1');
  assert.match(index, /^R\t[^\n]*CN ?= ?x$/m);
  for (const i of [1, 2, 3]) assert.match(index, new RegExp(`^V\t[^\n]*CN ?= ?s${i}$`, 'm'));
  const { findings } = JSON.parse((await runProgram(['verify', pki, '--json'], folder)).stdout);
  const own = findings.filter(({ file }: { file: string }) => file.startsWith('.pki/'));
  assert.equal(own, []);
});

test.run();
