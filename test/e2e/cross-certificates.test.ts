// A root of one's own with a certificate from another root: what it issues is verified by either, and works as before.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch, tool } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('cross-certificates');
const folder = scratch();
const { run, succeed } = programIn(folder);
const WITH = ['--dir', 'pki', '--conf', 'conf'];

const CA = (days: number) =>
  `[certificate]\ndays = ${days}\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n`;

/** openssl's verdict of a file by the own root, and by the other one; `above` are the sub CAs on the way. */
function isVerified(file: string, ...above: string[]): void {
  const untrusted = (name: string, stems: string[]) => {
    writeFileSync(join(folder, name), stems.map(stem => readFileSync(join(folder, `pki/${stem}.cert`))).join(''));
    return ['-untrusted', name];
  };
  const verify = (root: string, ...words: string[]) =>
    tool('openssl', ['verify', '-x509_strict', '-show_chain', '-CAfile', `pki/${root}.cert`, ...words, file], folder);
  const depths = (text: string) => [...text.matchAll(/^depth=/gm)].length;
  assert.is(depths(verify('gen_rootca', ...(above.length > 0 ? untrusted('own.pem', above) : []))), above.length + 2);
  const across = verify('extroot', ...untrusted('across.pem', ['gen_cross', ...above]));
  assert.is(depths(across), above.length + 3);
  assert.match(across, /CN ?= ?External Root CA/);
}

async function sound(): Promise<void> {
  for (const words of [[], ['--conf', 'conf']]) {
    const { status, stdout } = await run('verify', 'pki', ...words);
    assert.is(status, 0, stdout);
    assert.not.match(stdout, /^(error|warning)/m);
  }
}

/** A request for `name`. */
function request(name: string): string {
  const words = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', `${name}.key`];
  tool('openssl', ['req', '-new', ...words, '-subj', `/CN=${name}`, '-out', `${name}.csr`], folder);
  return `${name}.csr`;
}

test.before(async () => {
  for (const name of ['conf/customer', 'out']) mkdirSync(join(folder, name), { recursive: true });
  const write = (stem: string, text: string) => writeFileSync(join(folder, `conf/customer/${stem}.ini`), text);
  write('extroot', `urls = customer\n[subject]\ncommonName = External Root CA\n${CA(3650)}OCSP =\n`);
  write('gen_cross', `issuer = extroot\nkey-of = gen_rootca\nurls = customer\n${CA(3000)}`);
  await succeed('generate', ...WITH, '--key-type', 'ec:prime256v1', '--quiet');
});

test('openssl verifies by either root what is generated, issued, signed for requests and renewed', async () => {
  await sound();
  isVerified('pki/backend.cert', 'backend_subca');
  await succeed('issue', 'backend_subca', 'leaf', ...WITH);
  await succeed('issue', 'gen_rootca', 'sub', ...WITH);
  await succeed('sign-csr', 'device_subca', request('device'), '--output-dir', 'out', ...WITH);
  await succeed('sign-csr', 'gen_rootca', request('subca'), '--output-dir', 'out', ...WITH);
  const all = () => {
    isVerified('pki/backend.cert', 'backend_subca');
    isVerified('pki/leaf.cert', 'backend_subca');
    isVerified('pki/sub.cert');
    isVerified('out/device.cert', 'device_subca');
    isVerified('out/subca.cert');
  };
  all();
  await sound();
  const { renewed } = JSON.parse(await succeed('renew', 'gen_rootca', '--cascade', '--json', ...WITH));
  const issuers = Object.fromEntries(
    renewed.map(({ name, issuer }: Record<string, string>) => [name, issuer]),
  ) as Record<string, string>;
  assert.is(issuers.leaf, 'backend_subca');
  assert.is(issuers.sub, 'gen_rootca');
  await sound();
  // What device_subca signed for a request names the certificate that it had then.
  for (const stem of ['backend', 'leaf']) isVerified(`pki/${stem}.cert`, 'backend_subca');
  for (const file of ['pki/sub.cert', 'out/subca.cert']) isVerified(file);
});

test('a certificate is that of the CA with the key, not of its cross-certificate', async () => {
  assert.match(await succeed('renew', 'sub', ...WITH), /^sub: until .* \(gen_rootca, serial /);
  assert.match(await succeed('revoke', 'out/subca.cert', '--dir', 'pki'), /^out\/subca\.cert: revoked \(gen_rootca, /m);
  // The other root takes its word back: the own one stands.
  await succeed('revoke', 'gen_cross', '--dir', 'pki');
  await succeed('issue', 'backend_subca', 'later', ...WITH);
  await succeed('renew', 'backend', 'sub', ...WITH);
  assert.match(await succeed('renew', '--expiring', '1200', ...WITH), /^backend: until /m);
  writeFileSync(join(folder, 'app.conf'), 'x\n');
  await succeed('sign', 'config', 'app.conf', '--signer', 'backend', '--dir', 'pki');
});

test.run();
