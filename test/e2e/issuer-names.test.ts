// A PKI whose certificates name their issuer by its key alone: one line of configuration.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch, tool } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('names of issuers');
const folder = scratch();
const { succeed, run } = programIn(folder);
const WITH = ['--conf', 'conf', '--dir', 'pki'];
const path = (...names: string[]) => join(folder, ...names);

const identifier = (file: string): string =>
  tool('openssl', ['x509', '-in', file, '-noout', '-ext', 'authorityKeyIdentifier'], path('pki'));

test('what is generated, issued and signed for requests has no name of its issuer; a CA is renewed alone', async () => {
  mkdirSync(path('conf'));
  writeFileSync(path('conf/defaults.ini'), 'authority-key-identifier = keyid\n');
  await succeed('generate', ...WITH, '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet');
  await succeed('issue', 'backend_subca', 'web', '--san', 'DNS:web.example.org', ...WITH);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', 'd.key'];
  tool('openssl', ['req', '-new', ...key, '-subj', '/CN=d', '-out', 'd.csr'], folder);
  await succeed('sign-csr', 'device_subca', 'd.csr', ...WITH);
  const files = readdirSync(path('pki'), { recursive: true, encoding: 'utf8' }).filter(file =>
    /\.(cert|crt|pem)$/.test(file),
  );
  const certificates = files.filter(file => /^-----BEGIN CERTIFICATE/m.test(readFileSync(path('pki', file), 'latin1')));
  const identifiers = certificates.map(identifier).filter(text => /(:[0-9A-F]{2}){19}/.test(text));
  assert.ok(identifiers.length > 20, `${identifiers.length}`);
  for (const text of identifiers) assert.not.match(text, /DirName|serial/);
  const serial = () => tool('openssl', ['x509', '-in', 'backend.cert', '-noout', '-serial'], path('pki'));
  const before = serial();
  await succeed('renew', 'backend_subca', ...WITH);
  assert.is(serial(), before);
  for (const leaf of ['backend', 'ocsp_server', 'web']) {
    const chain = ['-x509_strict', '-CAfile', 'gen_rootca.cert', '-untrusted', 'backend_subca.cert', `${leaf}.cert`];
    assert.match(tool('openssl', ['verify', ...chain], path('pki')), /: OK/);
  }
  const { status, stdout } = await run('verify', ...WITH);
  assert.is(status, 0, stdout);
  assert.match(stdout, /^pki is sound/m);
});

test.run();
