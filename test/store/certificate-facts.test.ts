// Certificates made by the real openssl, read into the words of the ini files.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateBlocks, pemToDer } from '../../scripts/lib/model/pem.ts';
import { type CertificateFacts, describeCertificate } from '../../scripts/lib/store/certificate-facts.ts';
import { isMissing, ROOT, scratch, tool } from '../helpers/door.ts';

const suite = makeSuite('certificate facts');
const folder = scratch();
let count = 0;

interface Wanted {
  readonly subject?: readonly string[];
  readonly key?: readonly string[];
  readonly extensions?: readonly string[];
  readonly more?: readonly string[];
}

/** A self-signed certificate by `openssl req`. */
function makeDer({ subject = ['CN = a'], key = ['ed25519'], extensions = [], more = [] }: Wanted): Buffer {
  const path = join(folder, `${++count}`);
  const lines = ['[req]', 'distinguished_name = dn', 'prompt = no', 'x509_extensions = ext', 'utf8 = yes'];
  const text = [
    ...lines,
    'string_mask = utf8only',
    '[dn]',
    ...subject,
    '[ext]',
    ...extensions,
    '[other]',
    'C = DE',
    'O = X',
  ];
  writeFileSync(`${path}.cnf`, `${text.join('\n')}\n`);
  const made = ['-newkey', ...key, '-noenc', '-keyout', `${path}.key`, '-outform', 'DER', '-out', `${path}.der`];
  tool('openssl', ['req', '-x509', '-config', `${path}.cnf`, ...made, ...more]);
  return readFileSync(`${path}.der`);
}

const describe = (wanted: Wanted): CertificateFacts => describeCertificate(makeDer(wanted));
const test = (name: string, body: () => void) => suite(name, () => (isMissing('openssl') ? undefined : body()));

test('each extension is said as an ini file would say it', () => {
  const cases: [line: string, key: string, value: string][] = [
    ['basicConstraints = critical, CA:TRUE, pathlen:0', 'basicConstraints', 'critical, CA:TRUE, pathlen:0'],
    ['basicConstraints = critical, CA:FALSE', 'basicConstraints', 'critical, CA:FALSE'],
    ['basicConstraints = CA:TRUE', 'basicConstraints', 'CA:TRUE'],
    [
      'keyUsage = critical, cRLSign, decipherOnly, digitalSignature, keyAgreement',
      'keyUsage',
      'critical, digitalSignature, keyAgreement, cRLSign, decipherOnly',
    ],
    [
      'extendedKeyUsage = serverAuth, OCSPSigning, 1.2.3.4, msSmartcardLogin',
      'extendedKeyUsage',
      'serverAuth, OCSPSigning, 1.2.3.4, msSmartcardLogin',
    ],
    [
      'subjectAltName = critical, DNS:a.example, IP:192.0.2.7, IP:2001:db8::1, URI:urn:x, email:a@b.c, RID:1.2.3',
      'subjectAltName',
      'critical, DNS:a.example, IP:192.0.2.7, IP:2001:db8::1, URI:urn:x, email:a@b.c, RID:1.2.3',
    ],
    [
      'subjectAltName = otherName:msUPN;UTF8:u@x, otherName:1.2.3.4;UTF8:z, dirName:other',
      'subjectAltName',
      'UPN:u@x, otherName:1.2.3.4, dirName:/C=DE/O=X',
    ],
    ['certificatePolicies = 1.2.3, 2.5.29.32.0', 'certificatePolicies', '1.2.3, anyPolicy'],
    [
      'nameConstraints = critical, permitted;DNS:example.org, excluded;IP:10.0.0.0/255.0.0.0, permitted;dirName:other',
      'nameConstraints',
      'critical, permitted;DNS:example.org, permitted;dirName:/C=DE/O=X, excluded;IP:10.0.0.0/255.0.0.0',
    ],
    [
      'nameConstraints = critical, permitted;IP:fd00:0:0:0:0:0:0:0/ff00:0:0:0:0:0:0:0',
      'nameConstraints',
      'critical, permitted;IP:fd00::/ff00::',
    ],
    ['authorityInfoAccess = caIssuers;URI:http://a/b, OCSP;URI:http://c', 'caIssuers', 'http://a/b'],
    ['authorityInfoAccess = caIssuers;URI:http://a/b, OCSP;URI:http://c', 'OCSP', 'http://c'],
    ['crlDistributionPoints = URI:http://a, URI:http://b', 'crlDistributionPoints', 'http://a, http://b'],
    ['noCheck = ignored', 'ocsp-nocheck', 'yes'],
    ['tlsfeature = status_request', 'must-staple', 'yes'],
    ['1.2.3.4 = critical, ASN1:NULL', '1.2.3.4', 'critical, DER:0500'],
    ['policyConstraints = requireExplicitPolicy:0', '2.5.29.36', 'DER:3003800100'],
  ];
  for (const [line, key, value] of cases) assert.is(describe({ extensions: [line] }).extensions.get(key), value, line);
});

test('a practice statement follows its policy', () => {
  const extensions = [
    'certificatePolicies = 1.2.3, @policy',
    '[policy]',
    'policyIdentifier = 2.3.4',
    'CPS.1 = https://x/y',
  ];
  assert.is(describe({ extensions }).extensions.get('certificatePolicies'), '1.2.3, 2.3.4 CPS:https://x/y');
});

test('key identifiers are octets with colons', () => {
  const { extensions } = describe({
    extensions: ['subjectKeyIdentifier = 0A0BFF', 'authorityKeyIdentifier = keyid:always, issuer:always'],
  });
  assert.is(extensions.get('subjectKeyIdentifier'), '0A:0B:FF');
  assert.is(extensions.get('authorityKeyIdentifier'), '0A:0B:FF');
});

test('what an extension holds beside the words of ini files is not dropped silently', () => {
  for (const [line, key] of [
    ['2.5.29.15 = critical, DER:0500', 'keyUsage'],
    ['2.5.29.17 = critical, DER:04', 'subjectAltName'],
    ['authorityInfoAccess = 1.2.3.4;URI:http://a', '1.3.6.1.5.5.7.1.1'],
    ['crlDistributionPoints = dirName:other', 'crlDistributionPoints'],
    ['tlsfeature = 5, 17', '1.3.6.1.5.5.7.1.24'],
  ] as const)
    assert.match(describe({ extensions: [line] }).extensions.get(key) ?? '', /^(critical, )?DER:[0-9A-F]*$/, line);
});

test('a comma inside a name does not read as a further name', () => {
  const { extensions } = describe({ extensions: ['subjectAltName = @names', '[names]', 'URI.1 = http://a/,DNS:evil'] });
  assert.is(extensions.get('subjectAltName'), 'URI:http://a/\\,DNS:evil');
});

test('a subject keeps its order, its multi-valued parts and its types without a name', () => {
  const subject = ['C = DE', '0.OU = one', '1.OU = two', '0.+UID = u1', '0.1.2.3.4 = raw', 'CN = Größe'];
  assert.equal(describe({ subject, more: ['-multivalue-rdn'] }).subject, [
    { name: 'countryName', value: 'DE' },
    { name: 'organizationalUnitName', value: 'one' },
    { name: 'organizationalUnitName', value: 'two' },
    { name: '+userId', value: 'u1' },
    { name: '1.2.3.4', value: 'raw' },
    { name: 'commonName', value: 'Größe' },
  ]);
});

test('hostile text comes back as it is', () => {
  const value = '<script>alert(1)</script>"]\u001b[31m';
  const { subject, issuer } = describe({ subject: [`CN = ${value.replace('"', '\\"')}`] });
  assert.equal(subject, [{ name: 'commonName', value }]);
  assert.equal(issuer, subject);
});

test('keys and signatures are named', () => {
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'];
  const cases: [Wanted, string, boolean, string][] = [
    [{ key: ['rsa:2048'] }, 'rsa:2048', false, 'sha256 RSA'],
    [{ key: ['rsa:2048'], more: pss }, 'rsa:2048', false, 'sha256 RSA-PSS, salt 32'],
    [
      { key: ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'], more: ['-sha512', ...pss.slice(2)] },
      'rsa:2048',
      true,
      'sha512 RSA-PSS, salt 32',
    ],
    [
      { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'], more: ['-sha384'] },
      'ec:prime256v1',
      false,
      'sha384 ECDSA',
    ],
    [{ key: ['ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP384r1'] }, 'ec:brainpoolP384r1', false, 'sha256 ECDSA'],
    [{ key: ['ed25519'] }, 'ed25519', false, 'ed25519'],
    [{ key: ['ed448'] }, 'ed448', false, 'ed448'],
  ];
  for (const [wanted, keyType, isPssKey, signature] of cases) {
    const facts = describe(wanted);
    assert.equal([facts.keyType, facts.isPssKey, facts.signature], [keyType, isPssKey, signature]);
  }
});

test('every digest that openssl signs with is named, by keys of all kinds that take one', () => {
  const sha = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'];
  const kinds: [name: string, key: readonly string[], digests: readonly string[]][] = [
    ['RSA', ['rsa:2048'], [...sha, 'md5', 'ripemd160', 'sha512-224', 'sha512-256']],
    ['ECDSA', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'], sha],
    ['SM2', ['sm2'], ['sm3']],
  ];
  for (const [kind, key, digests] of kinds)
    for (const digest of digests) assert.is(describe({ key, more: [`-${digest}`] }).signature, `${digest} ${kind}`);
  const parameters = join(folder, 'dsa.pem');
  tool('openssl', ['dsaparam', '-out', parameters, '1024']);
  for (const digest of sha)
    assert.is(describe({ key: [`dsa:${parameters}`], more: [`-${digest}`] }).signature, `${digest} DSA`);
});

test('serial, fingerprint and times are those of openssl', () => {
  const der = makeDer({ more: ['-set_serial', '0xFF01', '-days', '30000'] });
  const facts = describeCertificate(der);
  const known = new X509Certificate(der);
  assert.is(facts.serial, 'FF01');
  assert.is(facts.sha256, known.fingerprint256);
  assert.is(facts.notBefore.getTime(), Date.parse(known.validFrom));
  assert.is(facts.notAfter.getTime(), Date.parse(known.validTo));
});

test('certificates of the old scripts are read, none of their extensions as DER', () => {
  const fixtures = join(ROOT, 'test/fixtures/directories');
  for (const archive of readdirSync(fixtures).filter(name => name.endsWith('.tar.gz'))) {
    const target = mkdtempSync(join(folder, 'old-'));
    tool('tar', ['-xzf', join(fixtures, archive), '-C', target]);
    const files = (readdirSync(target, { recursive: true }) as string[]).filter(name => /\.(cert|crt)$/.test(name));
    assert.ok(files.length > 10, archive);
    for (const file of files) {
      const [block] = certificateBlocks(readFileSync(join(target, file), 'latin1'));
      const { subject, extensions } = describeCertificate(pemToDer(block!));
      assert.ok(subject.some(({ name }) => name === 'commonName'));
      assert.not.match([...extensions.values()].join('\n'), 'DER:', `${archive} ${file}`);
    }
  }
});

suite('what is no certificate is refused', () => {
  assert.throws(() => describeCertificate(Buffer.from('no certificate')));
});

test('whatever openssl takes for a certificate is described', () => {
  const extensions = ['subjectAltName = DNS:a, dirName:other', 'certificatePolicies = 1.2.3', 'keyUsage = cRLSign'];
  const der = makeDer({ extensions });
  // A generator of its own, so that a failure comes again.
  let state = 1;
  const random = (below: number) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
  for (let i = 0; i < 2000; i++) {
    const changed = Buffer.from(der);
    for (let k = 0; k < 1 + (i % 3); k++) changed[random(changed.length)] = random(256);
    if (!isCertificate(changed)) continue;
    const facts = describeCertificate(changed);
    assert.match(`${facts.notBefore.toISOString()} ${facts.serial}`, /Z [0-9A-F]+$/);
  }
});

test('a certificate with a post-quantum key, whether or not the node at hand knows it', () => {
  const [block] = certificateBlocks(readFileSync(join(ROOT, 'test/fixtures/post-quantum/ml-dsa-65.pem'), 'utf8'));
  const { keyType, signature, isPssKey, extensions } = describeCertificate(pemToDer(block!));
  assert.equal([keyType, signature, isPssKey], ['ml-dsa-65', 'ml-dsa-65', false]);
  assert.is(extensions.get('basicConstraints'), 'critical, CA:TRUE');
});

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0;
  } catch {
    return false;
  }
}

suite.run();
