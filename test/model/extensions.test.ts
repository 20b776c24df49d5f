import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildExtensions, listWords, makesCa, refuseExtension } from '../../scripts/lib/model/extensions.ts';

const suite = makeSuite('extensions');

/** The lines as openssl's configuration has them. */
const build = (values: Record<string, string>, isSelfSigned: boolean, isRsaEncryption: boolean): string[] =>
  buildExtensions(new Map(Object.entries(values)), isSelfSigned, isRsaEncryption).map(
    ({ name, value }) => `${name} = ${value}`,
  );

const USAGE = 'critical, digitalSignature, keyEncipherment';

suite('keyEncipherment stays for a rsaEncryption key', () => {
  assert.ok(build({ keyUsage: USAGE }, false, true).includes(`keyUsage = ${USAGE}`));
});

suite('keyEncipherment goes for any other key, and what is critical stays so', () => {
  assert.ok(build({ keyUsage: USAGE }, false, false).includes('keyUsage = critical, digitalSignature'));
  assert.ok(build({ keyUsage: 'keyEncipherment, cRLSign' }, false, false).includes('keyUsage = cRLSign'));
});

suite('keyUsage goes with it where nothing else is left', () => {
  assert.not.ok(build({ keyUsage: 'critical, keyEncipherment' }, false, false).join().includes('keyUsage'));
});

suite('a certificate of an issuer names that issuer', () => {
  assert.equal(build({}, false, true), [
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid:always, issuer:always',
  ]);
});

suite('a root with URLs has no authorityKeyIdentifier, a UEFI key has its plain form', () => {
  assert.equal(build({ crlDistributionPoints: 'http://a/b' }, true, true), [
    'subjectKeyIdentifier = hash',
    'crlDistributionPoints = URI:http://a/b',
  ]);
  assert.equal(build({}, true, true), ['subjectKeyIdentifier = hash', 'authorityKeyIdentifier = keyid:always']);
});

suite('caIssuers and OCSP share one extension, and the order is always the same', () => {
  const values = {
    OCSP: 'http://o/',
    crlDistributionPoints: 'http://c/',
    caIssuers: 'http://i/',
    'ocsp-nocheck': 'yes',
    subjectAltName: 'DNS:x',
    extendedKeyUsage: 'OCSPSigning',
    keyUsage: 'digitalSignature',
    basicConstraints: 'critical, CA:FALSE',
  };
  assert.equal(build(values, false, true).slice(2), [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = digitalSignature',
    'extendedKeyUsage = OCSPSigning',
    'subjectAltName = DNS:x',
    'noCheck = ignored',
    'authorityInfoAccess = caIssuers;URI:http://i/, OCSP;URI:http://o/',
    'crlDistributionPoints = URI:http://c/',
  ]);
});

const values: readonly [key: string, value: string, found: string | undefined | false][] = [
  ['keyUsage', 'critical, digitalSignature, keyCertSign', false],
  ['keyUsage', 'digitalSignatur', 'digitalSignatur'],
  ['keyUsage', 'digitalSignature, digitalSignature', 'digitalSignature'],
  ['keyUsage', '1.2.3.4', '1.2.3.4'],
  ['keyUsage', 'cRLSign, critical', 'critical'],
  ['keyUsage', '', ''],
  ['extendedKeyUsage', 'serverAuth, 1.3.6.1.4.1.311.10.3.1', false],
  ['extendedKeyUsage', 'serverauth', 'serverauth'],
  ['extendedKeyUsage', '3.1.2.3', '3.1.2.3'],
  ['basicConstraints', 'critical, CA:TRUE', false],
  ['basicConstraints', 'critical, CA:TRUE, pathlen:0', false],
  ['basicConstraints', 'CA:FALSE', false],
  ['basicConstraints', 'CA:FALSE, pathlen:0', undefined],
  ['basicConstraints', 'CA:true', undefined],
  ['basicConstraints', 'critical', undefined],
  ['subjectAltName', 'DNS:localhost, IP:127.0.0.1, URI:http://x', false],
  ['subjectAltName', 'localhost', 'localhost'],
  ['subjectAltName', 'dirName:section', 'dirName:section'],
  ['subjectAltName', 'otherName:1.2.3;UTF8:x', 'otherName:1.2.3;UTF8:x'],
  ['ocsp-nocheck', 'yes', false],
  ['ocsp-nocheck', 'no', undefined],
  ['OCSP', 'http://localhost/x', false],
  ['OCSP', 'localhost', undefined],
  ['caIssuers', 'http://a/b, URI:http://c', undefined],
  ['crlDistributionPoints', 'http://a/b;c', undefined],
];
for (const [key, value, found] of values)
  suite(`${key} = ${value || '(nothing)'} is ${found === false ? 'accepted' : 'refused'}`, () => {
    const refusal = refuseExtension(key, value);
    if (found === false) assert.is(refusal, undefined);
    else {
      assert.ok(refusal);
      assert.is(refusal.found, found);
    }
  });

for (const key of ['days', 'constructor', 'toString', '__proto__'])
  suite(`${key} is no extension key, so nothing is refused here`, () => {
    assert.is(refuseExtension(key, 'x'), undefined);
  });

suite('critical counts only in the first place', () => {
  assert.equal(listWords('critical, a, b'), { isCritical: true, words: ['a', 'b'] });
  assert.equal(listWords('a'), { isCritical: false, words: ['a'] });
});

suite('CA:TRUE alone makes a CA', () => {
  assert.is(makesCa('critical, CA:TRUE, pathlen:0'), true);
  assert.is(makesCa('critical, CA:FALSE'), false);
  assert.is(makesCa(undefined), false);
});

suite.run();
