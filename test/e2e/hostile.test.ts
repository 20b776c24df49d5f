// Requests, configuration folders and PKI directories that somebody made to do harm: refused or harmless, and soon.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('hostile input');
const folder = scratch();
const { succeed } = programIn(folder);
const at = (...names: string[]): string => join(folder, ...names);
const DIR = ['--dir', 'pki'];
const MEGABYTE = 1024 * 1024;

/** A run that has to end within a minute, whatever it says. */
async function soon(...words: string[]): Promise<Ended> {
  const ended = await start(process.execPath, [MAIN, ...words], {
    cwd: folder,
    env: cleanEnvironment(),
    timeout: 60_000,
    killSignal: 'SIGKILL',
  }).ended;
  assert.is.not(ended.status, null, `it did not end: ${words.join(' ')}`);
  const said = ended.stdout + ended.stderr;
  assert.not.match(said, /this is a bug/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal
  assert.not.match(said, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/, 'something for the terminal got through');
  return ended;
}

function makeRequest(name: string, subject: string, extension = ''): void {
  const config = `[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\ndistinguished_name=dn\n${extension && 'req_extensions=e'}\n[dn]\n${subject}\n[e]\n${extension}\n`;
  writeFileSync(at('request.cnf'), config);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null'];
  tool('openssl', ['req', '-new', '-batch', '-config', 'request.cnf', ...key, '-out', name], folder);
}

test.before(async () => {
  await succeed('generate', ...DIR, '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet');
  for (const name of ['requests', 'out', 'outside']) mkdirSync(at(name));
});

test('requests: thousands of names, megabytes, pipes, control characters', async () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `DNS.${i}=host${i}.example.org`).join('\n');
  makeRequest('requests/many.csr', 'CN=many', `subjectAltName=@names\n[names]\n${names}`);
  makeRequest('requests/escape.csr', 'CN=\u001b]0;owned\u0007\u001b[2J');
  makeRequest('requests/line.csr', 'CN=one\\ntwo');
  makeRequest('requests/zero.csr', 'CN=good\u0000evil');
  makeRequest('requests/good.csr', 'CN=good');
  writeFileSync(at('requests/large.csr'), '-----BEGIN CERTIFICATE REQUEST-----\n'.padEnd(10 * MEGABYTE, 'A'));
  writeFileSync(at('requests/blocks.csr'), '-----BEGIN X-----\n-----END X-----\n'.repeat(250_000));
  writeFileSync(at('requests/deep.csr'), Buffer.alloc(100_000, '30800000', 'hex'));
  tool('mkfifo', ['requests/pipe.csr'], folder);
  symlinkSync('/dev/zero', at('requests/device.csr'));
  symlinkSync('/etc/passwd', at('requests/link.csr'));
  const { status, stdout } = await soon(
    'sign-csr',
    'device_subca',
    'requests',
    '--output-dir',
    'out',
    ...DIR,
    '--json',
  );
  assert.is(status, 1);
  const results = (JSON.parse(stdout) as { results: { given: string; result: string; reason?: string }[] }).results;
  const resultOf = (name: string) => results.find(each => each.given === `requests/${name}.csr`);
  for (const name of ['escape', 'line', 'large', 'blocks', 'deep', 'pipe', 'device', 'link'])
    assert.is(resultOf(name)?.result, 'refused', `${name}: ${JSON.stringify(resultOf(name))}`);
  assert.is(resultOf('good')?.result, 'signed');
  await soon('list', 'device_subca', ...DIR);
  await soon('verify', 'pki');
});

test('a request whose names would be lines of a configuration makes no CA', async () => {
  const name = Buffer.from('x\n[issued]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign');
  const der = Buffer.concat([Buffer.from([0x30, name.length + 2, 0x82, name.length]), name]).toString('hex');
  makeRequest('lines.csr', 'CN=lines', `subjectAltName=DER:${der}\nextendedKeyUsage=clientAuth`);
  const { status, stdout } = await soon('sign-csr', 'user_subca', 'lines.csr', '--output-dir', 'out', ...DIR);
  assert.is(status, 1);
  assert.match(stdout, /refused: its subjectAltName has "DNS:x\\n\[issued\]/);
  assert.not.ok(existsSync(at('out/lines.cert')));
});

test('a request file whose name is for the terminal', async () => {
  makeRequest('odd.csr', 'CN=odd');
  mkdirSync(at('odd'));
  renameSync(at('odd.csr'), at('odd', '\u001b[31m\u202eodd\n.csr'));
  await soon('sign-csr', 'device_subca', 'odd', '--output-dir', 'out', ...DIR);
});

test('configuration folders: pipes, devices, megabytes, names that lead out', async () => {
  const conf = async (name: string, content: string | (() => void), words = ['plan']): Promise<void> => {
    rmSync(at('conf'), { recursive: true, force: true });
    mkdirSync(at('conf/customer'), { recursive: true });
    if (typeof content === 'string') writeFileSync(at('conf', name), content);
    else content();
    const { status, stderr } = await soon(...words, '--conf', 'conf');
    assert.is(status, 1, `${name}: ${stderr}`);
    assert.match(stderr, /error: /);
  };
  await conf('pipe', () => tool('mkfifo', ['conf/customer/pipe.ini'], folder));
  await conf('device', () => symlinkSync('/dev/zero', at('conf/customer/zero.ini')));
  await conf('customer/large.ini', `; ${'x'.repeat(11 * MEGABYTE)}`);
  await conf('customer/keys.ini', `[subject]\n${Array.from({ length: 200_000 }, (_, i) => `k${i} = v`).join('\n')}`);
  await conf('customer/long.ini', `[subject]\ncommonName = ${'x'.repeat(MEGABYTE)}\n`);
  await conf('customer/escape.ini', '[subject]\ncommonName = \u001b[2Jx\n');
  await conf('customer/bundle.ini', `bundle = ${'device_subca '.repeat(100_000)}\n`);
  await conf('customer/backend.ini', `[certificate]\nsubjectAltName = ${'DNS:a.example.org, '.repeat(50_000)}\n`);
  await conf('customer/backend.ini', 'certificate-file = /dev/zero\n', ['generate', '--dir', 'never']);
  await conf('customer/backend.ini', 'key-file = ../../../../etc/passwd\n', ['generate', '--dir', 'never']);
  await conf('customer/up.ini', 'issuer = ../../etc/passwd\n');
  await conf('customer/..x.ini', '[subject]\ncommonName = up\n');
  assert.not.ok(existsSync(at('never')));
});

/** What a verb does in a copy of the PKI that was tampered with; nothing outside it may change. */
async function inTampered(tamper: (directory: string) => void, ...verbs: (readonly string[])[]): Promise<void> {
  for (const words of verbs) {
    rmSync(at('tampered'), { recursive: true, force: true });
    cpSync(at('pki'), at('tampered'), { recursive: true, verbatimSymlinks: true });
    writeFileSync(at('outside/file'), 'untouched');
    tamper(at('tampered'));
    const { status, stderr } = await soon(...words, ...(words[0] === 'verify' ? ['tampered'] : ['--dir', 'tampered']));
    assert.is(readFileSync(at('outside/file'), 'utf8'), 'untouched', `${words.join(' ')}: ${stderr}`);
    assert.equal(execFileSync('ls', ['-A', at('outside')], { encoding: 'utf8' }), 'file\n', words.join(' '));
    assert.is.not(status, 0, `${words.join(' ')}: ${stderr}`);
  }
}

const link = (file: string) => (directory: string) => {
  rmSync(join(directory, file), { recursive: true, force: true });
  symlinkSync(at('outside/file'), join(directory, file));
};
const fill = (file: string, content: string | Buffer) => (directory: string) =>
  writeFileSync(join(directory, file), content);
const SIGN = ['issue', 'device_subca', 'unit', '--profile', 'ocsp'];
const ALL_VERBS = [['verify'], SIGN, ['renew', 'device_subca', '--cascade'], ['crl'], ['revoke', 'user_subca']];

test('a PKI directory with links to what is outside', async () => {
  await inTampered(link('device_subca.cert'), ...ALL_VERBS.slice(0, 3));
  await inTampered(link('.pki/device_subca/index.txt'), ['verify'], SIGN);
  await inTampered(link('.pki/device_subca/requests.tsv'), SIGN);
  await inTampered(link('.pki/device_subca'), ['verify'], SIGN, ['crl', 'device_subca']);
  await inTampered(link('.pki/device_subca/crlnumber'), ['crl', 'device_subca']);
  await inTampered(link('.pki/device_subca/lock'), SIGN);
  await inTampered(link('.pki/gen_rootca/index.txt'), ['renew', 'device_subca'], ['revoke', 'user_subca']);
  await inTampered(link('.pki/manifest.json'), ['verify']);
  await inTampered(link('.pki/journal.json'), SIGN, ['renew', 'backend']);
  await inTampered(link('.pki'), ...ALL_VERBS);
});

test('a PKI directory with files of megabytes, and lists that promise more than they hold', async () => {
  const list = readFileSync(at('pki/DB.esl'));
  const promising = Buffer.from(list);
  promising.writeUInt32LE(0xffff_fff0, 16);
  const endless = Buffer.from(list);
  endless.writeUInt32LE(0, 24);
  await inTampered(fill('DB.esl', promising), ['verify'], ['uefi', 'add', 'db', 'ab'.repeat(32)]);
  await inTampered(fill('DB.esl', endless), ['verify'], ['uefi', 'rotate', 'db']);
  await inTampered(fill('DB.esl', Buffer.concat(Array(40_000).fill(list))), ['verify']);
  await inTampered(fill('DB.auth', Buffer.alloc(9 * MEGABYTE, 0xff)), ['verify']);
  await inTampered(fill('backend.cert', readFileSync(at('pki/backend.cert'), 'utf8').repeat(2000)), ['verify']);
  await inTampered(fill('.pki/device_subca/index.txt', 'V\t'.repeat(5 * MEGABYTE)), ['verify'], SIGN);
  await inTampered(fill('.pki/manifest.json', '['.repeat(5 * MEGABYTE)), ['verify']);
  await inTampered(fill('.pki/journal.json', '{"moves":[["../../outside/file","x"]]}'), SIGN);
});

test.run();
