// export: what devices and keystores are given, read by what they would read it with.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateBlocks } from '../../scripts/lib/model/pem.ts';
import { cleanEnvironment, isMissing, leftovers, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('export');
const folder = scratch();
const base = join(folder, 'base');
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  runProgram(words, folder, cleanEnvironment(extra));

async function succeed(words: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await program(words, extra);
  assert.is(status, 0, stderr);
  return stdout;
}

const anchors = (...words: string[]) => succeed(['export', 'anchors', ...words, '--dir', 'base']);
const derOf = (stem: string): Buffer => {
  tool('openssl', ['x509', '-in', `${stem}.cert`, '-outform', 'DER', '-out', join(folder, `${stem}.want`)], base);
  return readFileSync(join(folder, `${stem}.want`));
};

test.before(async () => {
  await succeed(['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--quiet']);
});

test('the bundle has the roots, and verifies what is below them', async () => {
  writeFileSync(join(folder, 'anchors.pem'), await anchors());
  assert.is(certificateBlocks(readFileSync(join(folder, 'anchors.pem'), 'latin1')).length, 2);
  for (const [stem, between] of [
    ['backend', 'backend_subca'],
    ['ssig_cml', 'ssig_subca_cml'],
  ] as const)
    tool(
      'openssl',
      ['verify', '-CAfile', join(folder, 'anchors.pem'), '-untrusted', `${between}.cert`, `${stem}.cert`],
      base,
    );
  if (!isMissing('certtool'))
    assert.is(
      tool('certtool', ['--certificate-info', '--infile', 'anchors.pem'], folder).match(/Subject: /g)?.length,
      2,
    );
});

test('DER, one file each, named or all', async () => {
  await anchors('--format', 'der', '--output', 'der');
  for (const stem of ['gen_rootca', 'ssig_rootca'])
    assert.equal(readFileSync(join(folder, `der/${stem}.der`)), derOf(stem));
  await anchors('device_subca', '--format', 'der', '--output', 'der');
  assert.equal(readFileSync(join(folder, 'der/device_subca.der')), derOf('device_subca'));
});

test('hashes are those that openssl and curl compute', async () => {
  const [gen] = JSON.parse(await anchors('gen_rootca', '--format', 'hash', '--json')).anchors;
  const printed = tool('openssl', ['x509', '-in', 'gen_rootca.cert', '-noout', '-fingerprint', '-sha256'], base);
  assert.is(printed.trim().split('=')[1]!.replaceAll(':', '').toLowerCase(), gen.sha256);
  const script =
    'openssl x509 -in gen_rootca.cert -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64';
  assert.is(`sha256//${tool('sh', ['-c', script], base).trim()}`, gen.pin);
});

test('the C header compiles without a warning, and has the octets of the certificates', async () => {
  await anchors('--format', 'c', '--output', 'anchors.h');
  const source = `#include <stdio.h>\n#include "anchors.h"
int main(void) { return fwrite(ssig_rootca_der, 1, sizeof ssig_rootca_der, stdout) + sizeof gen_rootca_der == 0; }\n`;
  writeFileSync(join(folder, 'main.c'), source);
  const text = readFileSync(join(folder, 'anchors.h'), 'latin1');
  const [, octets = ''] = /ssig_rootca_der\[\d+\] = \{([^}]*)\}/.exec(text) ?? [];
  const bytes = octets.match(/0x../g)!.map(Number);
  assert.equal(Buffer.from(bytes), derOf('ssig_rootca'));
  if (isMissing('cc')) return;
  tool('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-c', 'main.c', '-o', 'main.o'], folder);
});

test('names that become one are refused, and two headers have guards of their own', async () => {
  cpSync(join(base, 'device_subca.cert'), join(base, 'a-b.cert'));
  cpSync(join(base, 'user_subca.cert'), join(base, 'a_b.cert'));
  const { status, stderr } = await program(['export', 'anchors', 'a-b', 'a_b', '--format', 'c', '--dir', 'base']);
  assert.is(status, 2);
  assert.match(stderr, /"a-b\.cert" and "a_b\.cert" would both be a_b_der/);
  const [one, two, twice] = [
    await anchors('a-b', '--format', 'c'),
    await anchors('a_b', '--format', 'c'),
    await anchors('a-b', 'a-b.cert', '--format', 'c'),
  ];
  assert.not.equal(one.split('\n')[0], two.split('\n')[0]);
  assert.is(one, twice);
  for (const name of ['a-b.cert', 'a_b.cert']) rmSync(join(base, name));
});

test('the kernel gets the roots of software signing alone', async () => {
  const blocks = certificateBlocks(await anchors('--format', 'kernel'));
  assert.is(blocks.length, 1);
  tool('openssl', ['storeutl', '-certs', '-noout', 'ssig_rootca.cert'], base);
  assert.equal(Buffer.from(blocks[0]!.split('\n').slice(1, -2).join(''), 'base64'), derOf('ssig_rootca'));
});

test('the commands of the recipe install the files, and stop at one that is not theirs', async () => {
  const recipe = await anchors('--format', 'yocto');
  const names = [...recipe.matchAll(/file:\/\/(\w+)\.pem/g)].map(([, name]) => name!);
  assert.equal(names, ['gen_rootca', 'ssig_rootca']);
  for (const name of names) await anchors(name, '--output', `${name}.pem`);
  const [, body = ''] = /do_install\(\) \{\n([\s\S]*?)\n\}/.exec(recipe) ?? [];
  const install = () =>
    tool('sh', ['-euc', `WORKDIR=. D=./image sysconfdir=/etc\n${body.replace(/\$\{(\w+)\}/g, '$$$1')}`], folder);
  install();
  assert.ok(existsSync(join(folder, 'image/etc/trust-anchors/ssig_rootca.pem')));
  renameSync(join(folder, 'gen_rootca.pem'), join(folder, 'ssig_rootca.pem'));
  assert.throws(install);
});

test('a file that is there stays, unless it is the same', async () => {
  await anchors('--output', 'mine.pem');
  await anchors('--output', 'mine.pem');
  const hashes = await anchors('--format', 'hash');
  await anchors('--format', 'hash', '--output', 'hashes');
  assert.is(readFileSync(join(folder, 'hashes'), 'latin1'), hashes);
  const { files, content } = JSON.parse(await anchors('--json'));
  assert.equal([files, content], [[], readFileSync(join(folder, 'mine.pem'), 'latin1')]);
  const { status, stderr } = await program([
    'export',
    'anchors',
    'device_subca',
    '--output',
    'mine.pem',
    '--dir',
    'base',
  ]);
  assert.is(status, 1);
  assert.match(stderr, /"mine\.pem" is there and holds something else/);
});

test('PKCS #12: openssl and GnuTLS open it; it is for its owner alone', async () => {
  const secret = { TRUSTME_PKI_P12_PASSWORD: 'a b c' };
  // Somebody's own file.
  writeFileSync(join(folder, 'device.p12.new'), 'mine');
  await succeed(['export', 'pkcs12', 'device_subca', '--output', 'device.p12', '--dir', 'base'], secret);
  assert.is(readFileSync(join(folder, 'device.p12.new'), 'utf8'), 'mine');
  assert.is(statSync(join(folder, 'device.p12')).mode & 0o777, 0o600);
  const opened = tool('openssl', ['pkcs12', '-in', 'device.p12', '-passin', 'pass:a b c', '-noenc'], folder);
  assert.match(opened, /friendlyName: device_subca/);
  assert.is(certificateBlocks(opened).length, 2);
  assert.match(opened, /BEGIN PRIVATE KEY/);
  if (!isMissing('certtool')) {
    const words = ['--p12-info', '--inder', '--infile', 'device.p12', '--password', 'a b c'];
    assert.match(tool('certtool', words, folder), /BEGIN (ENCRYPTED )?PRIVATE KEY/);
  }
  await succeed(['export', 'pkcs12', 'backend', '--legacy', '--output', 'old.p12', '--dir', 'base'], secret);
  const old = ['pkcs12', '-legacy', '-in', 'old.p12', '-passin', 'pass:a b c', '-noenc'];
  assert.match(tool('openssl', old, folder), /BEGIN PRIVATE KEY/);
  const odd = { TRUSTME_PKI_P12_PASSWORD: 'p\u00e4ss' };
  const notAscii = await program(['export', 'pkcs12', 'backend', '--output', 'odd.p12', '--dir', 'base'], odd);
  assert.is(notAscii.status, 0, notAscii.stderr);
  assert.match(
    notAscii.stderr,
    /^trustme-pki: warning: the password in TRUSTME_PKI_P12_PASSWORD is not ASCII: Java .*\n$/,
  );
  assert.not.match(notAscii.stderr, /p.ss$/m);
  const again = await program(['export', 'pkcs12', 'backend', '--output', 'old.p12', '--dir', 'base'], secret);
  assert.is(again.stderr.includes('warning'), false);
  assert.match(again.stderr, /"old\.p12" is there: nothing is overwritten/);
});

test('PKCS #12 of what is revoked, or stands below what is, is a warning', async () => {
  cpSync(base, join(folder, 'revoked'), { recursive: true });
  const secret = { TRUSTME_PKI_P12_PASSWORD: 'x' };
  const warned = async (revoked: string, pattern: RegExp) => {
    await succeed(['revoke', revoked, '--reason', 'keyCompromise', '--dir', 'revoked']);
    const output = join(folder, `${revoked}.p12`);
    const { status, stderr } = await program(
      ['export', 'pkcs12', 'backend', '--output', output, '--dir', 'revoked'],
      secret,
    );
    assert.is(status, 0, stderr);
    assert.match(stderr, pattern);
  };
  await warned(
    'backend_subca',
    /warning: backend\.cert stands below CN=.*, which gen_rootca revoked \(keyCompromise\)/,
  );
  await warned('backend', /warning: backend\.cert is revoked \(keyCompromise\)/);
});

test('what has no hard links, as a stick with FAT, gets all files, and loses none that somebody else put there', async () => {
  // Such a file system cannot be had here: link(2) fails as it does there.
  const fat = `const fs = require('node:fs');
const told = { errno: -1, code: 'EPERM', syscall: 'link' };
fs.linkSync = (path, dest) => {
  if (process.env.RIVAL) fs.writeFileSync(dest, process.env.RIVAL);
  throw Object.assign(new Error('EPERM: operation not permitted, link'), told, { path, dest });
};
`;
  writeFileSync(join(folder, 'fat.cjs'), fat);
  const stick = { NODE_OPTIONS: `--require ${join(folder, 'fat.cjs')}`, TRUSTME_PKI_P12_PASSWORD: 'x' };
  const onStick = async (words: readonly string[], expected = 0, extra: NodeJS.ProcessEnv = {}) => {
    const env = cleanEnvironment({ ...stick, ...extra });
    const { status, stderr } = await start(process.execPath, [MAIN, ...words], { cwd: folder, env }).ended;
    assert.is(status, expected, stderr);
  };
  cpSync(base, join(folder, 'stick'), { recursive: true });
  const holds = (file: string) => tool('openssl', ['pkcs12', '-in', file, '-passin', 'pass:x', '-noout'], folder);
  await onStick(['issue', 'user_subca', 'ann', '--p12', '--dir', 'stick']);
  await onStick(['export', 'pkcs12', 'backend', '--output', 'stick/b.p12', '--dir', 'stick']);
  holds('stick/ann.p12');
  holds('stick/b.p12');
  const renewed = await program(['renew', 'ann', 'backend', '--dir', 'stick']);
  assert.match(
    renewed.stdout,
    /^ann\.p12 has the old certificate: .*: trustme-pki export pkcs12 ann --output ann\.p12$/m,
  );
  assert.not.match(renewed.stdout, /backend\.p12/);
  const der = readFileSync(join(folder, 'stick/certs/signing_key.x509'));
  rmSync(join(folder, 'stick/certs/signing_key.x509'));
  await onStick(['generate', '--dir', 'stick']);
  assert.equal(readFileSync(join(folder, 'stick/certs/signing_key.x509')), der);
  const words = ['export', 'pkcs12', 'backend', '--output', 'stick/c.p12', '--dir', 'stick'];
  await onStick(words, 1, { RIVAL: 'of somebody else' });
  assert.is(readFileSync(join(folder, 'stick/c.p12'), 'utf8'), 'of somebody else');
  assert.equal(leftovers(join(folder, 'stick')), []);
});

test('what goes wrong is told, and leaves nothing', async () => {
  const wrong = { TRUSTME_PKI_P12_PASSWORD: 'x', GYROIDOS_TEST_PASSWD_PKI: 'wrong' };
  const words = ['export', 'pkcs12', 'device_subca', '--output', 'wrong.p12', '--dir', 'base'];
  const opened = await program(words, wrong);
  assert.is(opened.status, 1);
  assert.match(opened.stderr, /the passphrase is wrong/);
  assert.not.match(opened.stderr, /wrong\b.*GYROIDOS_TEST_PASSWD_PKI=|test1234/);
  assert.equal(
    readdirSync(folder).filter(name => name.includes('wrong.p12')),
    [],
  );
  assert.match((await program(words)).stderr, /TRUSTME_PKI_P12_PASSWORD is not set/);
  const cases: [string[], number, RegExp][] = [
    [['anchors', 'gen_rotca'], 2, /did you mean "gen_rootca"\?/],
    [['anchors', '--format', 'derr'], 2, /unknown --format "derr"\n.*pem, der/],
    [['anchors', '--format', 'der'], 2, /--output is missing/],
    [['anchors', '--output', 'absent/x.pem'], 2, /the folder of --output "absent\/x\.pem" is not there/],
    [['ancors'], 2, /unknown export "ancors"/],
    [['pkcs12', 'backend'], 2, /--output is missing/],
  ];
  for (const [given, status, message] of cases) {
    const ended = await program(['export', ...given, '--dir', 'base']);
    assert.is(ended.status, status, ended.stderr);
    assert.match(ended.stderr, message);
  }
});

test('a secret that is no UTF-8 is refused before anything is made: Node.js would read another one', async () => {
  for (const [variable, words] of [
    ['TRUSTME_PKI_P12_PASSWORD', ['export', 'pkcs12', 'backend', '--output', 'bytes.p12']],
    ['TRUSTME_PKI_P12_PASSWORD', ['issue', 'user_subca', 'bytes', '--p12']],
    ['GYROIDOS_TEST_PASSWD_PKI', ['issue', 'device_subca', 'bytes']],
    ['GYROIDOS_TEST_PASSWD_PKI', ['generate', '--dir', 'bytes', '--key-type', 'ec:prime256v1']],
  ] as const) {
    // A string of Node.js cannot hold such a byte.
    const line = [`export ${variable}="$(printf 'pa\\377ss')"; exec "$@"`, 'sh', process.execPath, MAIN, ...words];
    const dir = words[0] === 'generate' ? [] : ['--dir', 'base'];
    const { status, stderr } = await start('sh', ['-c', ...line, ...dir], { cwd: folder }).ended;
    assert.is(status, 1, stderr);
    assert.match(stderr, new RegExp(`the secret in ${variable} is no UTF-8 text`));
  }
  const made = [folder, base].flatMap(each => readdirSync(each).filter(name => /bytes(?!\.genlock)/.test(name)));
  assert.equal(made, []);
});

test('--password-env takes names of variables alone, whatever is in the environment', async () => {
  const code = 'x;touch touched;y';
  for (const [name, environment] of [
    [code, { [code]: 'x' }],
    ['A-B', { 'A-B': 'x' }],
    ['pass:secret', {}],
  ] as const)
    for (const words of [
      ['export', 'pkcs12', 'backend', '--output', 'named.p12'],
      ['issue', 'user_subca', 'named', '--p12'],
    ]) {
      const ended = await program([...words, '--password-env', name, '--dir', 'base'], environment);
      assert.is(ended.status, 2, ended.stderr);
      assert.match(ended.stderr, /--password-env takes the name of an environment variable, not the password/);
      assert.not.ok(ended.stderr.includes(name));
    }
  for (const file of ['touched', 'base/touched', 'named.p12', 'base/named.key'])
    assert.not.ok(existsSync(join(folder, file)), file);
});

test('a release PKI behind a link, and one that the old script made, are read', async () => {
  cpSync(base, join(folder, 'old'), { recursive: true });
  rmSync(join(folder, 'old/.pki'), { recursive: true });
  symlinkSync('old', join(folder, 'release'));
  assert.is(certificateBlocks(await succeed(['export', 'anchors', '--dir', 'release'])).length, 2);
});

test.run();
