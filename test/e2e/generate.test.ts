// A whole PKI with the real tools, for each kind of key, accepted by independent readers.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cleanEnvironment,
  door,
  isMissing,
  leftovers,
  MAIN,
  PLATFORM_FILES,
  STEMS,
  scratch,
  start,
  tool,
} from '../helpers/door.ts';

const PLAIN = ['.pki', 'certs', ...STEMS.flatMap(stem => [`${stem}.cert`, `${stem}.key`])].sort();
const PATHS: [string, string, string[]][] = [
  ['ssig', 'ssig_rootca', ['ssig_subca']],
  ['ssig_cml', 'ssig_rootca', ['ssig_subca_cml']],
  ['backend', 'gen_rootca', ['backend_subca']],
  ['ocsp_server', 'gen_rootca', ['backend_subca']],
  ...['guestos_subca', 'device_subca', 'user_subca'].map(
    stem => [stem, 'gen_rootca', []] as [string, string, string[]],
  ),
];

const test = suite('generate');
const folder = scratch();

for (const [keyType, platformKeys] of [
  ['rsa:2048', 'y'],
  ['ec:prime256v1', 'y'],
  ['ec:brainpoolP256r1', ''],
  ['ed25519', ''],
  ['ed448', ''],
] as const) {
  const out = join(folder, keyType.replace(':', '-'));
  test(`${keyType}: makes the files of the contract and nothing else`, async () => {
    const { status, stdout, stderr } = await door([out, keyType], { DO_PLATFORM_KEYS: platformKeys });
    assert.is(status, 0, stderr);
    assert.match(stdout, /generated/);
    const expected = platformKeys ? [...PLAIN, ...PLATFORM_FILES, 'PK.cer', 'ssig_subca.esl'].sort() : PLAIN;
    assert.equal(readdirSync(out).sort(), expected);
    assert.equal(leftovers(folder), []);
    assert.is(statSync(out).mode & 0o777, 0o700);
    for (const file of [...readdirSync(out).filter(name => name.endsWith('.key')), 'certs/signing_key.pem'])
      assert.is(statSync(join(out, file)).mode & 0o777, 0o600, file);
  });
  test(`${keyType}: openssl and GnuTLS accept every path`, () => {
    for (const [subject, root, between] of PATHS) {
      const untrusted = between.flatMap(stem => ['-untrusted', `${stem}.cert`]);
      tool('openssl', ['verify', '-x509_strict', '-CAfile', `${root}.cert`, ...untrusted, `${subject}.cert`], out);
    }
    tool(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-verify_hostname',
        'localhost',
        '-CAfile',
        'gen_rootca.cert',
        '-untrusted',
        'backend_subca.cert',
        'backend.cert',
      ],
      out,
    );
    // GnuTLS knows no Brainpool curves.
    if (!keyType.includes('brainpool') && !isMissing('certtool'))
      tool('certtool', ['--verify', '--load-ca-certificate', 'gen_rootca.cert', '--infile', 'backend.cert'], out);
  });
}

test('a kernel signed by ssig_subca is accepted, and DB.auth carries its certificate', () => {
  if (isMissing('sbsign') || isMissing('sbverify')) return;
  const out = join(folder, 'rsa-2048');
  const binary = tool('sh', ['-c', 'ls /usr/lib/efitools/*/HelloWorld.efi']).trim();
  tool(
    'sbsign',
    ['--key', 'ssig_subca.key', '--cert', 'ssig_subca.cert', '--output', join(folder, 'signed.efi'), binary],
    out,
  );
  tool('sbverify', ['--cert', 'ssig_subca.cert', join(folder, 'signed.efi')], out);
  const der = readFileSync(join(out, 'certs/signing_key.x509'));
  assert.ok(readFileSync(join(out, 'DB.auth')).includes(der), 'DB.auth lacks ssig_subca');
  assert.ok(
    readFileSync(join(out, 'DB.auth'))
      .subarray(-readFileSync(join(out, 'DB.esl')).length)
      .equals(readFileSync(join(out, 'DB.esl'))),
  );
});

test('keys of the general PKI are encrypted with the passphrase of the first variable that is set', async () => {
  for (const [name, environment, passphrase] of [
    ['default', {}, 'test1234'],
    ['gyroidos', { GYROIDOS_TEST_PASSWD_PKI: 'new $era"\\', TRUSTME_TEST_PASSWD_PKI: 'old era' }, 'new $era"\\'],
    ['trustme', { TRUSTME_TEST_PASSWD_PKI: 'old era' }, 'old era'],
  ] as const) {
    const out = join(folder, name);
    const { status, stderr, stdout } = await door([out, 'ec:prime256v1'], environment);
    assert.is(status, 0, stderr);
    tool('openssl', ['pkey', '-in', 'gen_rootca.key', '-passin', 'env:P', '-noout'], out, { P: passphrase });
    assert.throws(() => tool('openssl', ['pkey', '-in', 'gen_rootca.key', '-passin', 'pass:wrong', '-noout'], out));
    tool('openssl', ['pkey', '-in', 'ssig_rootca.key', '-noout'], out);
    if (name !== 'default')
      assert.not.ok(
        `${stdout}${stderr}${tool('cat', [join(out, '.pki/manifest.json')])}`.includes(passphrase),
        'the passphrase is told',
      );
  }
});

test('the brand is one option or one ini line', async () => {
  const out = join(folder, 'brand');
  assert.is((await door([out, 'ec:prime256v1', '--brand', 'GyroidOS'])).status, 0);
  assert.match(
    tool('openssl', ['x509', '-in', 'gen_rootca.cert', '-noout', '-subject'], out),
    /CN ?= ?GyroidOS General Root CA/,
  );
  assert.match(
    tool('openssl', ['x509', '-in', 'gen_rootca.cert', '-noout', '-text'], join(folder, 'default')),
    /CN ?= ?trustme General Root CA/,
  );
});

test('the manifest says what was made from what, and who owns the lists', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'rsa-2048/.pki/manifest.json'), 'utf8'));
  assert.is(manifest.schema, 1);
  assert.equal(Object.keys(manifest.owners).sort(), ['DB', 'KEK', 'PK', 'ssig_subca']);
  assert.is(manifest.owners.PK, manifest.owners.DB);
  assert.is.not(manifest.owners.PK, manifest.owners.ssig_subca);
  const [pk, kek, db] = ['PK', 'KEK', 'db'].map(name => Date.parse(manifest.updates[name])) as [number, number, number];
  assert.ok(pk < kek && kek < db && db <= Date.now());
  assert.match(manifest.entities.backend.sha256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

test('every serial number is random, positive and of 159 bits', () => {
  const { entities } = JSON.parse(readFileSync(join(folder, 'rsa-2048/.pki/manifest.json'), 'utf8'));
  const serials = Object.values(entities as Record<string, { serial: string }>).map(({ serial }) =>
    BigInt(`0x${serial}`),
  );
  assert.is(new Set(serials).size, 15);
  for (const serial of serials) assert.is(serial.toString(2).length, 159);
});

test('trustme-pki generate does the same, with JSON on stdout and nothing else when quiet', async () => {
  const out = join(folder, 'verb');
  const { status, stdout, stderr } = await start(
    process.execPath,
    [MAIN, 'generate', '--dir', out, '--key-type', 'ed25519', '--json', '--quiet'],
    { env: cleanEnvironment() },
  ).ended;
  assert.is(status, 0, stderr);
  assert.is(stderr, '');
  assert.is(JSON.parse(stdout).state, 'generated');
  assert.is(JSON.parse(stdout).anchors.length, 2);
});

test.run();
