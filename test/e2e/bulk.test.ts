// sign-csr by the hundred: killed, on a full disk, with bad requests among good ones, several runs at once.
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest, writeRequests } from '../../scripts/bench/requests.ts';
import { cleanEnvironment, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { inOwnMounts } from '../helpers/own-mounts.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('bulk');
const folder = scratch();
const COUNT = 500;
const KILLS = 50;
const launch = (words: readonly string[]) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment() });
const CA = '.pki/device_subca';

test.before(async () => {
  const words = ['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--quiet'];
  const { status, stderr } = await runProgram(words, folder);
  assert.is(status, 0, stderr);
  writeRequests(join(folder, 'requests'), COUNT);
});

/** A fresh copy of the PKI, and an empty folder for certificates. */
function prepare(name: string) {
  const [path, output] = [join(folder, name), join(folder, `${name}-out`)];
  for (const each of [path, output]) rmSync(each, { recursive: true, force: true });
  cpSync(join(folder, 'base'), path, { recursive: true });
  mkdirSync(output);
  const words = ['sign-csr', 'device_subca', 'requests', '--output-dir', output, '--dir', path];
  const serials = () =>
    readFileSync(join(path, CA, 'index.txt'), 'latin1')
      .split('\n')
      .filter(Boolean)
      .map(row => row.split('\t')[3]!);
  return { path, output, words, serials };
}

/** Index, copies and what was handed out tell the same. */
function agree({ path, output, serials }: ReturnType<typeof prepare>): void {
  const index = new Set(serials());
  assert.is(index.size, serials().length, 'a serial number stands twice in the index');
  const copies = new Set(readdirSync(join(path, CA, 'issued')));
  for (const serial of index) assert.ok(copies.has(`${serial}.pem`), serial);
  for (const file of readdirSync(output).filter(name => name.endsWith('.cert'))) {
    const { serialNumber } = new X509Certificate(readFileSync(join(output, file)));
    assert.ok(index.has(serialNumber), `${file} was handed out and is not in the index`);
  }
}

test(`${KILLS} kills: nothing is signed twice, nothing is handed out that is not in the index`, async () => {
  let pki = prepare('killed');
  const before = performance.now();
  assert.is((await launch([...pki.words, '--quiet']).ended).status, 0);
  const whole = performance.now() - before;
  pki = prepare('killed');
  let [interrupted, finished] = [0, 0];
  while (interrupted < KILLS) {
    const { child, ended } = launch([...pki.words, '--quiet']);
    const timer = setTimeout(() => child.kill('SIGKILL'), whole * (0.1 + Math.random()));
    const { status, stderr } = await ended;
    clearTimeout(timer);
    agree(pki);
    if (status === null) interrupted++;
    else {
      assert.is(status, 0, stderr);
      assert.is(pki.serials().length, COUNT);
      assert.is(readdirSync(pki.output).length, COUNT);
      finished++;
      pki = prepare('killed');
    }
  }
  const { status, stderr } = await runProgram([...pki.words, '--quiet'], folder);
  assert.is(status, 0, stderr);
  agree(pki);
  assert.is(pki.serials().length, COUNT, `after ${finished} whole runs`);
  const verified = await runProgram(['verify', 'killed'], folder);
  assert.is(verified.status, 0, verified.stdout);
});

test('what was signed and not entered in the index: entered and handed out by the next run, signed again where it was torn', async () => {
  const pki = prepare('left');
  const own = join(folder, 'left-requests');
  writeRequests(own, 4);
  const words = ['sign-csr', 'device_subca', own, '--dir', pki.path, '--output-dir', pki.output, '--json'];
  assert.is((await runProgram(words, folder)).status, 0);
  // As a run leaves it that ends between the certificates and the index; the row before lost its end of line.
  const [, left, torn] = pki.serials().slice(-3) as [string, string, string];
  const index = join(pki.path, CA, 'index.txt');
  writeFileSync(index, readFileSync(index, 'latin1').split('\n').slice(0, -3).join('\n'), 'latin1');
  writeFileSync(join(pki.path, CA, 'issued', `${torn}.pem`), '');
  const file = (serial: string) =>
    readdirSync(pki.output).find(
      name => new X509Certificate(readFileSync(join(pki.output, name))).serialNumber === serial,
    )!;
  for (const name of [left, torn].map(file)) rmSync(join(pki.output, name));
  const { status, stdout, stderr } = await runProgram(words, folder);
  assert.is(status, 0, stderr);
  const results = (JSON.parse(stdout).results as { result: string }[]).map(({ result }) => result).sort();
  assert.equal(results, ['already signed', 'already signed', 'already signed', 'signed']);
  assert.ok(pki.serials().includes(left));
  assert.not(pki.serials().includes(torn));
  assert.is(readdirSync(pki.output).length, 4);
  agree(pki);
  const verified = await runProgram(['verify', pki.path], folder);
  assert.is(verified.status, 0, verified.stdout);
});

test('bad requests among good ones are told, each with its reason; two runs at once wait for each other', async () => {
  const pki = prepare('mixed');
  const own = join(folder, 'mixed-requests');
  mkdirSync(own);
  for (let i = 0; i < 30; i++) writeFileSync(join(own, `good${i}.csr`), makeRequest(i));
  // Another key's signature: the last octet is changed, and the length stays.
  const der = Buffer.from(makeRequest(99).split('\n').slice(1, -2).join(''), 'base64');
  der[der.length - 1]! ^= 1;
  writeFileSync(join(own, 'forged.der'), der);
  writeFileSync(join(own, 'garbage.csr'), 'no request');
  writeFileSync(join(own, 'empty.csr'), '');
  const words = ['sign-csr', 'device_subca', own, '--output-dir', pki.output, '--dir', pki.path, '--json'];
  const [one, two] = await Promise.all([runProgram(words, folder), runProgram(words, folder)]);
  assert.equal([one.status, two.status], [1, 1], one.stderr + two.stderr);
  const results = [one, two].map(
    ({ stdout }) => JSON.parse(stdout).results as { result: string; given: string; reason?: string }[],
  );
  const count = (word: string) => results.flat().filter(({ result }) => result === word).length;
  assert.equal([count('signed'), count('already signed'), count('refused')], [30, 30, 6]);
  const reason = (name: string) => results[0]!.find(({ given }) => given.endsWith(name))!.reason;
  assert.is(reason('forged.der'), 'its signature is not by its own key');
  assert.match(reason('garbage.csr')!, /no certification request/);
  agree(pki);
});

test('a request that asks for usages gets none that the profile does not give, whoever stands beside it', async () => {
  const pki = prepare('usages');
  const own = join(folder, 'usages-requests');
  mkdirSync(own);
  for (const i of [0, 1, 2]) writeFileSync(join(own, `${i}-plain.csr`), makeRequest(i));
  const words = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
  const asking = ['-addext', 'extendedKeyUsage=serverAuth,codeSigning', '-subj', '/CN=asks'];
  tool('openssl', ['req', '-new', ...words, ...asking, '-out', join(own, '9-asks.csr')]);
  // The profile of user_subca takes names over, and has no extendedKeyUsage.
  const { status, stderr } = await runProgram(
    ['sign-csr', 'user_subca', own, '--output-dir', pki.output, '--dir', pki.path],
    folder,
  );
  assert.is(status, 0, stderr);
  assert.is(new X509Certificate(readFileSync(join(pki.output, '9-asks.cert'))).keyUsage, undefined);
  assert.is(readdirSync(join(pki.path, '.pki/user_subca/issued')).length, 4);
});

test('a full disk in the middle: told as that, nothing is lost, the next run goes on', () => {
  const pki = prepare('full');
  const small = join(folder, 'small');
  mkdirSync(small);
  const run = (output: string) =>
    `'${process.execPath}' '${MAIN}' sign-csr device_subca '${folder}/requests' --quiet --dir '${small}/pki' --output-dir '${output}'`;
  const rows = `wc -l <'${small}/pki/${CA}/index.txt'`;
  const script = [
    `mount -t tmpfs -o size=2m tmpfs '${small}'`,
    `cp -r '${pki.path}' '${small}/pki'; mkdir '${small}/out'`,
    `${run(`${small}/out`)}; echo "exit $?"; ${rows}`,
    `mount -o remount,size=64m '${small}'`,
    `${run(`${small}/out`)}; echo "exit $?"; ${rows}; ls '${small}/out' | wc -l`,
  ].join('\n');
  const ended = inOwnMounts(script);
  if (!ended) return;
  const { stdout, stderr } = ended;
  assert.match(stderr, /disk is full/);
  assert.match(stdout, new RegExp(`^exit 1\n\\d+\nexit 0\n${COUNT}\n${COUNT}\n$`));
});

test('keys that are blocked, or were revoked as compromised by any CA, get no certificate', async () => {
  const pki = prepare('blocked');
  const [first, second] = ['first', 'second'].map((name, i) => {
    const file = join(folder, `${name}.csr`);
    writeFileSync(file, makeRequest(i));
    return file;
  }) as [string, string];
  const sign = (ca: string, file: string, ...more: string[]) =>
    runProgram(['sign-csr', ca, file, '--dir', pki.path, '--output-dir', pki.output, ...more], folder);
  assert.is((await sign('user_subca', first)).status, 0);
  assert.is(
    (
      await runProgram(
        ['revoke', join(pki.output, 'first.cert'), '--reason', 'keyCompromise', '--dir', pki.path],
        folder,
      )
    ).status,
    0,
  );
  rmSync(join(pki.output, 'first.cert'));
  assert.match((await sign('device_subca', first)).stdout, /its key was revoked as compromised by user_subca/);
  const [, entry] = readFileSync(join(pki.path, '.pki/user_subca/requests.tsv'), 'latin1')
    .trim()
    .split('\n')
    .at(-1)!
    .split('\t');
  const list = join(folder, 'blocklist.txt');
  writeFileSync(list, `# lost\n${entry!.toUpperCase()}\n`);
  rmSync(join(pki.path, '.pki/user_subca/requests.tsv'));
  assert.match((await sign('device_subca', first)).stdout, /revoked as compromised/);
  assert.is((await sign('device_subca', second, '--blocklist', list)).status, 0);
  appendFileSync(list, 'zz\n');
  const bad = await sign('device_subca', second, '--blocklist', list);
  assert.is(bad.status, 2);
  assert.match(bad.stderr, /blocklist\.txt" line 3 is no SHA-256 of a key\n.*64 hexadecimal digits/);
  assert.ok(existsSync(join(pki.output, 'second.cert')));
});

test('a CA that was revoked, or whose key is not there, signs nothing', async () => {
  const pki = prepare('revoked');
  assert.is((await runProgram(['revoke', 'device_subca', '--dir', pki.path], folder)).status, 0);
  const ended = await runProgram(pki.words, folder);
  assert.is(ended.status, 1);
  assert.match(ended.stderr, /device_subca was revoked by gen_rootca/);
  rmSync(join(pki.path, 'device_subca.key'));
  assert.match((await runProgram(pki.words, folder)).stderr, /the key of device_subca is not in the directory/);
});

test.run();
