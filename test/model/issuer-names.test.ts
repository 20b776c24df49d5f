// How issuers are named: by key alone where the configuration says so, or one key has several certificates.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { entityOf, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('names of issuers');

const CROSS = [
  'issuer = ssig_rootca',
  'key-of = gen_rootca',
  '[certificate]',
  'days = 9',
  'basicConstraints = critical, CA:TRUE',
  'keyUsage = critical, keyCertSign',
].join('\n');

type Read = ReturnType<typeof readShipped>;
const identifiers = (read: Read, stem: string) => {
  const { certificate, issued } = entityOf(read, stem);
  const valueIn = (profile: typeof certificate) =>
    [profile.extensions, profile.rsaExtensions].map(
      lines => lines.find(({ name }) => name === 'authorityKeyIdentifier')?.value,
    );
  return { own: valueIn(certificate), issued: [...issued.values()].map(valueIn) };
};

suite('"authority-key-identifier" of a CA says how what it issues names it, that of defaults.ini how all do', () => {
  const named = (line: string, read: Read) => {
    for (const stem of ['backend', 'ocsp_server', 'ssig_subca', 'device_subca'])
      assert.is(identifiers(read, stem).own[0], stem === 'backend' || stem === 'ocsp_server' ? line : ISSUER, stem);
  };
  const ISSUER = 'keyid:always, issuer:always';
  const line = 'authority-key-identifier = keyid\n';
  named(ISSUER, readShipped());
  named('keyid:always', readShipped({ 'customer/backend_subca.ini': line }));
  const all = readShipped({ 'defaults.ini': line, 'customer/gen_rootca.ini': 'authority-key-identifier = issuer\n' });
  assert.is(identifiers(all, 'ssig').own[0], 'keyid:always');
  assert.equal(identifiers(all, 'ssig_rootca').own, [undefined, undefined]);
  assert.is(identifiers(all, 'device_subca').own[0], ISSUER);
  assert.equal(identifiers(all, 'device_subca').issued[0], ['keyid:always', 'keyid:always']);
  assert.equal(identifiers(all, 'gen_rootca').issued[0], [ISSUER, ISSUER]);
  assert.is(identifiers(all, 'PK').own[0], 'keyid:always');
});

suite('what a key with a cross-certificate issues names it by key alone, in certificates and in profiles', () => {
  const [plain, crossed] = [readShipped(), readShipped({ 'customer/gen_cross.ini': CROSS })];
  const BY_KEY = 'keyid:always';
  for (const ca of ['backend_subca', 'device_subca', 'guestos_subca', 'user_subca']) {
    assert.match(identifiers(plain, ca).own[0]!, /issuer:always/);
    assert.is(identifiers(crossed, ca).own[0], BY_KEY, ca);
    // What it issues itself still names its one certificate.
    assert.equal(identifiers(crossed, ca).issued, identifiers(plain, ca).issued);
  }
  const { issued } = identifiers(crossed, 'gen_rootca');
  assert.ok(issued.length > 1);
  for (const [value] of issued) assert.is(value, BY_KEY);
  for (const stem of ['backend', 'ocsp_server', 'ssig_subca', 'ssig', 'gen_rootca', 'ssig_rootca'])
    assert.equal(identifiers(crossed, stem).own, identifiers(plain, stem).own, stem);
  // The other root has one certificate, and the cross-certificate names that.
  assert.match(identifiers(crossed, 'gen_cross').own[0]!, /issuer:always/);
});

suite.run();
