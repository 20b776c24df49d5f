// One key, several certificates: what it issues names its issuer by key alone, and nothing else changes.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { entityOf, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('cross-certificates');

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
