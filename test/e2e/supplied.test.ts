// Certificates and keys that were made elsewhere, of other kinds than those that are made here.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch, tool } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('supplied');
const folder = scratch();
const { run, succeed, refused } = programIn(folder);
const EC = ['--key-type', 'ec:prime256v1'];
const RSA = ['--key-type', 'rsa:2048'];

const write = (file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};
const textOf = (file: string) => tool('openssl', ['x509', '-in', file, '-noout', '-text'], folder);
const saltsIn = (text: string) => [...text.matchAll(/Salt Length: (\S+)/g)].map(([, salt]) => salt);

/** A configuration folder that takes CAs, keys with them, from a PKI. */
function takeFrom(pki: string, conf: string, stems: readonly string[], place = 'customer'): void {
  for (const stem of stems) {
    for (const kind of ['cert', 'key']) {
      mkdirSync(join(folder, conf, place), { recursive: true });
      cpSync(join(folder, pki, `${stem}.${kind}`), join(folder, conf, place, `${stem}.${kind}`));
    }
    write(`${conf}/${place}/${stem}.ini`, `certificate-file = ${stem}.cert\nkey-file = ${stem}.key\n`);
  }
}

/** Sound, as configured, and no warning of a difference. */
async function asConfigured(dir: string, conf: string, keyType: readonly string[]): Promise<void> {
  const verified = await run('verify', dir, '--conf', conf);
  assert.is(verified.status, 0, verified.stdout);
  assert.match(await succeed('plan', '--diff', '--dir', dir, '--conf', conf, ...keyType), /is as configured/);
}

test('EC CAs sign RSA keys as EC CAs', async () => {
  await succeed('generate', '--dir', 'ec', ...EC, '--quiet');
  takeFrom('ec', 'with-ec', ['gen_rootca', 'backend_subca']);
  await succeed('generate', '--dir', 'rsa-below-ec', '--conf', 'with-ec', ...RSA, '--quiet');
  assert.match(
    textOf('rsa-below-ec/backend.cert'),
    /Signature Algorithm: ecdsa-with-SHA256[\s\S]*Public-Key: \(2048 bit\)/,
  );
  await asConfigured('rsa-below-ec', 'with-ec', RSA);
});

test('a certificate from elsewhere that was replaced since is told, and taken in by import', async () => {
  takeFrom('ec', 'replaced', ['gen_rootca']);
  const words = ['--dir', 'below', '--conf', 'replaced'];
  await succeed('generate', ...words, ...EC, '--quiet');
  await asConfigured('below', 'replaced', EC);
  await succeed('renew', 'gen_rootca', '--cascade', '--dir', 'ec');
  const given = join(folder, 'replaced/customer/gen_rootca.cert');
  cpSync(join(folder, 'ec/gen_rootca.cert'), given);
  const { stdout } = await run('verify', 'below', '--conf', 'replaced');
  assert.match(stdout, /gen_rootca\.cert: ".*" has another certificate \(.*\[configuration-differs\]/);
  assert.match(stdout, /hint: take it: trustme-pki import gen_rootca .*gen_rootca\.cert'? --cascade/);
  assert.match(
    await succeed('plan', '--diff', ...words, ...EC),
    /^~ gen_rootca: .*\n {4}certificate-file: [\dA-F:]{95} -> [\dA-F:]{95}\n/,
  );
  const renewed = await run('renew', 'gen_rootca', '--cascade', ...words);
  assert.match(renewed.stderr, /was made elsewhere .*\n.*hint: .*: trustme-pki import gen_rootca FILE --cascade/);
  await succeed('import', 'gen_rootca', given, '--cascade', ...words);
  await asConfigured('below', 'replaced', EC);
  cpSync(join(folder, 'ec/ssig_rootca.cert'), given);
  assert.match((await run('verify', 'below', '--conf', 'replaced')).stdout, /hint: it is for another key: generate/);
});

test('a key-file without a final newline: what is joined with it can be read', async () => {
  takeFrom('ec', 'no-newline', ['ssig_rootca', 'ssig_subca'], 'software-signing');
  const key = 'no-newline/software-signing/ssig_subca.key';
  write(key, readFileSync(join(folder, key), 'latin1').trimEnd());
  await succeed('generate', '--dir', 'joined', '--conf', 'no-newline', ...EC, '--quiet');
  for (const kind of ['x509', 'pkey']) tool('openssl', [kind, '-in', 'joined/certs/signing_key.pem', '-noout'], folder);
});

test('RSA-PSS CAs sign EC keys with a salt as long as the hash: certificates, lists, what is issued and renewed', async () => {
  write('pss/customer/gen_rootca.ini', 'scheme = rsa-pss\n');
  await succeed('generate', '--dir', 'rsa', '--conf', 'pss', ...RSA, '--quiet');
  takeFrom('rsa', 'with-rsa', ['gen_rootca', 'backend_subca']);
  await succeed('generate', '--dir', 'ec-below-rsa', '--conf', 'with-rsa', ...EC, '--quiet');
  await asConfigured('ec-below-rsa', 'with-rsa', EC);
  const dir = join(folder, 'ec-below-rsa');
  const saltsOf = (...files: string[]) => files.map(file => [...new Set(saltsIn(textOf(join(dir, file))))].join());
  // 0x20 octets: SHA-256.
  assert.equal(saltsOf('device_subca.cert', 'backend.cert'), ['0x20', '0x20']);
  assert.match(readFileSync(join(dir, '.pki/gen_rootca.cnf'), 'utf8'), /-sigopt rsa_pss_saltlen:digest/);
  await succeed('renew', 'backend', '--dir', 'ec-below-rsa', '--conf', 'with-rsa');
  await asConfigured('ec-below-rsa', 'with-rsa', EC);
  await succeed('issue', 'backend_subca', 'unit', '--dir', 'ec-below-rsa');
  await succeed('crl', 'gen_rootca', '--dir', 'ec-below-rsa');
  assert.equal(saltsOf('backend.cert', 'unit.cert'), ['0x20', '0x20']);
  const list = tool('openssl', ['crl', '-in', 'gen_rootca.crl', '-noout', '-text'], dir);
  assert.equal([...new Set(saltsIn(list))], ['0x20']);
});

test('what is made ends with a CA that was made elsewhere', async () => {
  write('short/customer/gen_rootca.ini', '[certificate]\ndays = 300\n[issued]\ndays = 300\n');
  const SUB_CAS = ['guestos_subca', 'device_subca', 'user_subca', 'backend_subca'];
  for (const stem of [...SUB_CAS, 'backend', 'ocsp_server'])
    write(`short/customer/${stem}.ini`, 'outliving = clip\n[certificate]\ndays = 2190\n');
  await succeed('generate', '--dir', 'short-root', '--conf', 'short', ...EC, '--quiet');
  // Clipped to the same days, and signed one after another.
  await asConfigured('short-root', 'short', EC);
  const endOf = (file: string) => tool('openssl', ['x509', '-in', file, '-noout', '-enddate'], folder);
  const nests = () => {
    const ends = ['gen_rootca', 'backend_subca', 'backend'].map(stem => endOf(`short-root/${stem}.cert`));
    const [root = 0, subCa = 0, own = 0] = ends.map(end => Date.parse(end.replace('notAfter=', '')));
    assert.ok(root >= subCa && subCa >= own, ends.join(''));
  };
  nests();
  await succeed('renew', 'gen_rootca', '--cascade', '--dir', 'short-root', '--conf', 'short');
  nests();
  await asConfigured('short-root', 'short', EC);
  takeFrom('short-root', 'with-short', ['gen_rootca']);
  await refused(
    /backend_subca\.ini:\d+: \[certificate\] days: .*at most the validity of its issuer gen_rootca/,
    ...['generate', '--dir', 'never', '--conf', 'with-short', ...EC],
  );
  for (const stem of SUB_CAS) write(`with-short/customer/${stem}.ini`, 'outliving = clip\n[issued]\ndays = 30\n');
  for (const stem of ['backend', 'ocsp_server'])
    write(`with-short/customer/${stem}.ini`, '[certificate]\ndays = 200\n');
  const { status, stderr } = await run('generate', '--dir', 'clipped', '--conf', 'with-short', ...EC);
  assert.is(status, 0, stderr);
  assert.match(stderr, /backend_subca \[certificate\]: until .* instead of 2190 days/);
  assert.is(endOf('clipped/backend_subca.cert'), endOf('short-root/gen_rootca.cert'));
  await asConfigured('clipped', 'with-short', EC);
  await succeed('list', 'gen_rootca', '--dir', 'clipped', '--conf', 'with-short');
});

test.run();
