import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { renderConfiguration } from '../../scripts/lib/plan/render.ts';
import { describeCertificate } from '../../scripts/lib/store/certificate-facts.ts';
import { differencesOf } from '../../scripts/lib/store/differences.ts';
import { entityOf, keyIn, readOwn, templateOf } from '../helpers/shipped.ts';

const suite = makeSuite('differences');
const folder = mkdtempSync(join(tmpdir(), 'trustme-pki-test-'));
suite.after(() => rmSync(folder, { recursive: true, force: true }));

/** An ini text of a root, with lines of [subject] and [certificate] exchanged. */
const root = (change: Readonly<Record<string, string>> = {}): string => {
  const lines = {
    '': 'key-type = ec:P-256',
    subject: [
      'countryName = DE\ncommonName = Root\nserialNumber = 7\norder = countryName commonName+serialNumber',
      'organizationalUnitName = a\norganizationalUnitName-2 = b\n1.3.6.1.4.1.99999.9 = x\n2.999.1 = y\n2.5.4.10 = z',
    ].join('\n'),
    certificate: [
      'days = 10\nbasicConstraints = critical, CA:TRUE, pathlen:01\nkeyUsage = critical, keyCertSign, cRLSign',
      'subjectAltName = DNS:a.example, IP:2001:db8::1, UPN:a@b, email:x@y.example',
      'certificatePolicies = 1.2.3.4, 2.5.4.3  CPS:https://example.org/, 2.5.29.32.0',
      'extendedKeyUsage = 1.3.6.1.5.5.7.3.1, codeSigning, 1.3.6.1.5.2.3.4',
      'caIssuers = http://a/ http://b/\nOCSP = http://o/\ncrlDistributionPoints = http://c/',
      'must-staple = yes\n2.5.29.54 = critical, DER:020100\n1.2.3.99.2 = ASN1:UTF8String:text',
    ].join('\n'),
    ...change,
  };
  return `${lines['']}\n[subject]\n${lines.subject}\n[certificate]\n${lines.certificate}\n`;
};
const read = (text: string) => readOwn({ 'root.ini': text });

function certificateOf(text: string) {
  const entity = entityOf(read(text), 'root');
  writeFileSync(join(folder, 'root.cnf'), renderConfiguration(templateOf('root'), entity, keyIn(entity), '0.0.0'));
  const words =
    'req -new -x509 -batch -config root.cnf -extensions certificate -newkey EC -pkeyopt ec_paramgen_curve:P-256';
  const rest = `-noenc -keyout root.key -${entity.digest} -days ${entity.certificate.days} -out root.cert`;
  execFileSync('openssl', [...words.split(' '), ...rest.split(' ')], { cwd: folder, stdio: 'pipe' });
  return describeCertificate(readFileSync(join(folder, 'root.cert')));
}

const facts = certificateOf(root());
const keysOf = (text: string): string[] => {
  const { hierarchy } = read(text);
  return differencesOf(hierarchy.get('root')!, hierarchy, facts).map(({ key }) => key);
};

suite('a certificate that was made from a configuration does not differ from it, whatever is in it', () => {
  const { hierarchy } = read(root());
  assert.equal(differencesOf(hierarchy.get('root')!, hierarchy, facts), []);
});

suite('nor does one that is signed with SHA-3', () => {
  const text = root({ '': 'key-type = ec:P-256\ndigest = sha3-384' });
  const { hierarchy } = read(text);
  assert.equal(differencesOf(hierarchy.get('root')!, hierarchy, certificateOf(text)), []);
});

const CERTIFICATE = root().split('[certificate]\n')[1]!;
const changes: readonly [name: string, text: string, keys: readonly string[]][] = [
  ['another common name', root().replace('commonName = Root', 'commonName = Other'), ['subject']],
  ['another value under an OID', root().replace('2.999.1 = y', '2.999.1 = z'), ['subject']],
  ['another OID', root().replace('2.999.1 = y', '2.999.2 = y'), ['subject']],
  ['a subject without the joined attribute', root({ subject: 'countryName = DE\ncommonName = Root' }), ['subject']],
  ['another key type', root({ '': 'key-type = rsa:2048' }), ['key-type', 'signature']],
  ['another digest', root({ '': 'key-type = ec:prime256v1\ndigest = sha384' }), ['signature']],
  ['other days', root({ certificate: CERTIFICATE.replace('days = 10', 'days = 11') }), ['days']],
  [
    'an end instead of days',
    root({ certificate: CERTIFICATE.replace('days = 10', 'notAfter = 2040-01-01') }),
    ['notAfter'],
  ],
  [
    'a longer list of names',
    root({ certificate: CERTIFICATE.replace('DNS:a.example', 'DNS:a.example, DNS:b.example') }),
    ['subjectAltName'],
  ],
  [
    'names in another order',
    root({ certificate: CERTIFICATE.replace('DNS:a.example, IP:2001:db8::1', 'IP:2001:DB8:0::1, DNS:a.example') }),
    [],
  ],
  [
    'no usage',
    root({ certificate: CERTIFICATE.replace('keyUsage = critical, keyCertSign, cRLSign\n', '') }),
    ['keyUsage'],
  ],
  ['another encoding under an OID', root({ certificate: CERTIFICATE.replace('020100', '020101') }), ['2.5.29.54']],
  ['another URL', root({ certificate: CERTIFICATE.replace('http://b/', 'http://z/') }), ['caIssuers']],
];
for (const [name, text, keys] of changes)
  suite(`${name}: ${keys.join(', ') || 'no difference'}`, () => {
    assert.equal(keysOf(text), keys);
  });

suite('the salt of an RSA-PSS signature is compared, but for "max", whose length depends on the key', () => {
  const signed = { ...facts, keyType: 'rsa:2048', isPssKey: true, signature: 'sha256 RSA-PSS, salt 32' };
  const saltOf = (lines: string): string[] => {
    const { hierarchy } = read(root({ '': `key-type = rsa:2048\nscheme = rsa-pss\n${lines}` }));
    return differencesOf(hierarchy.get('root')!, hierarchy, signed).map(({ key, should }) => `${key}: ${should}`);
  };
  for (const same of ['', 'pss-salt = digest', 'pss-salt = 32', 'pss-salt = max']) assert.equal(saltOf(same), []);
  assert.equal(saltOf('pss-salt = 20'), ['signature: sha256 rsa-pss, salt 20']);
  assert.equal(saltOf('digest = sha384'), ['signature: sha384 rsa-pss, salt 48']);
});

suite.run();
