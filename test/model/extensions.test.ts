import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { refuseTogether } from '../../scripts/lib/model/extension-rules.ts';
import { listWords } from '../../scripts/lib/model/extension-values.ts';
import { buildExtensions, makesCa, refuseExtension } from '../../scripts/lib/model/extensions.ts';

const suite = makeSuite('extensions');

/** The lines as openssl's configuration has them. */
const build = (values: Record<string, string>, isSelfSigned: boolean, isRsaEncryption: boolean): string[] =>
  buildExtensions(new Map(Object.entries(values)), 'certificate', isSelfSigned, isRsaEncryption).extensions.map(
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
  ['keyUsage', 'critical', 'critical'],
  ['extendedKeyUsage', 'critical', 'critical'],
  ['subjectAltName', 'critical', 'critical'],
  ['certificatePolicies', 'critical', 'critical'],
  ['nameConstraints', 'critical', 'critical'],
  ['extendedKeyUsage', 'serverAuth, 1.3.6.1.4.1.311.10.3.1', false],
  ['extendedKeyUsage', 'timeStamping, 1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.8'],
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
  ['subjectAltName', 'critical, DNS:*.example.org, email:a@b.example, UPN:user@realm, RID:1.2.3', false],
  ['subjectAltName', 'IP:2001:db8::1, IP:::1', false],
  ['subjectAltName', 'IP:300.1.1.1', 'IP:300.1.1.1'],
  ['subjectAltName', 'IP:1.2.3', 'IP:1.2.3'],
  ['subjectAltName', 'IP:example.org', 'IP:example.org'],
  ['subjectAltName', 'DNS:münchen.example', 'DNS:münchen.example'],
  ['subjectAltName', 'DNS:a..b', 'DNS:a..b'],
  ['subjectAltName', 'DNS:a, a.b', 'a.b'],
  ['subjectAltName', 'URI:UUID:e2a2a1a0-0000-4000-8000-000000000001', false],
  ['subjectAltName', 'URI:no-scheme', 'URI:no-scheme'],
  ['subjectAltName', 'email:nobody', 'email:nobody'],
  ['subjectAltName', '__proto__:x', '__proto__:x'],
  ['certificatePolicies', '1.2.3.4, anyPolicy, 2.5.4.3 CPS:https://example.org/cps', false],
  ['certificatePolicies', '1.2.3.4 https://example.org/', '1.2.3.4 https://example.org/'],
  ['certificatePolicies', 'policy', 'policy'],
  ['certificatePolicies', '1.2.3.4, 1.2.3.5, 1.2.3.4 CPS:https://example.org/cps', '1.2.3.4'],
  ['certificatePolicies', 'anyPolicy, 2.5.29.32.0', 'anyPolicy'],
  ['nameConstraints', 'critical, permitted;DNS:.example.org, excluded;IP:10.0.0.0/255.0.0.0', false],
  ['nameConstraints', 'critical, permitted;dirName:/C=DE/O=Example', false],
  ['nameConstraints', 'critical, permitted;dirName:/Q=DE', 'permitted;dirName:/Q=DE'],
  ['nameConstraints', 'critical, permitted;IP:10.0.0.0/8', 'permitted;IP:10.0.0.0/8'],
  ['nameConstraints', 'critical, allowed;DNS:a', 'allowed;DNS:a'],
  ['nameConstraints', 'permitted;DNS:example.org', undefined],
  ['must-staple', 'yes', false],
  ['must-staple', 'critical, yes', undefined],
  ['1.3.6.1.4.1.99999.1', 'critical, DER:0C 01 41', undefined],
  ['1.3.6.1.4.1.99999.1', 'critical, DER:0C0141', false],
  ['1.3.6.1.4.1.99999.1', 'DER:0C0241', undefined],
  ['1.3.6.1.4.1.99999.1', 'ASN1:UTF8String:text', false],
  ['1.3.6.1.4.1.99999.1', 'ASN1:INTEGER:-0x1F', false],
  ['1.3.6.1.4.1.99999.1', 'ASN1:INTEGER:seven', undefined],
  ['1.3.6.1.4.1.99999.1', 'ASN1:BOOLEAN:TRUE', false],
  ['1.3.6.1.4.1.99999.1', 'ASN1:BOOLEAN:maybe', undefined],
  ['1.3.6.1.4.1.99999.1', 'ASN1:OID:1.40.1', undefined],
  ['1.3.6.1.4.1.99999.1', 'ASN1:IA5STRING:ü', undefined],
  ['1.3.6.1.4.1.99999.1', 'ASN1:toString:x', undefined],
  ['subjectAltName', 'email:ü@a.example', 'email:ü@a.example'],
  ['subjectAltName', 'URI:http://a.example/ü', 'URI:http://a.example/ü'],
  ['OCSP', 'http://ü.example/', 'http://ü.example/'],
  ['nameConstraints', 'critical, permitted;dirName:/O=Müller', 'permitted;dirName:/O=Müller'],
  ['nameConstraints', 'critical, permitted;dirName:/C=DEU', 'permitted;dirName:/C=DEU'],
  ['1.3.6.1.4.1.99999.1', 'ASN1:SEQUENCE:section', undefined],
  ['2.5.29.15', 'DER:03020186', '2.5.29.15'],
  ['2.5.29.35', 'DER:0500', '2.5.29.35'],
  ['2.5.29.46', 'critical, DER:3000', 'critical'],
  ['subjectAltName', 'otherName:1.2.3;UTF8:x', 'otherName:1.2.3;UTF8:x'],
  ['ocsp-nocheck', 'yes', false],
  ['ocsp-nocheck', 'no', undefined],
  ['OCSP', 'http://localhost/x', false],
  ['OCSP', 'localhost', 'localhost'],
  ['OCSP', 'http://localhost/?a=1%2Cb%3Bc', false],
  ['OCSP', 'critical, http://localhost/x', 'critical'],
  ['OCSP', 'http://one/ https://two/x', false],
  ['caIssuers', 'http://a/b, URI:http://c', 'URI:http://c'],
  ['crlDistributionPoints', 'http://a/b;c', 'http://a/b;c'],
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

const together: readonly [values: Record<string, string>, key: string | undefined][] = [
  [{ basicConstraints: 'critical, CA:TRUE', keyUsage: 'keyCertSign' }, undefined],
  [{ basicConstraints: 'critical, CA:TRUE' }, undefined],
  [{ basicConstraints: 'critical, CA:FALSE', keyUsage: 'digitalSignature' }, undefined],
  [{ basicConstraints: 'CA:TRUE', keyUsage: 'keyCertSign' }, 'basicConstraints'],
  [{ basicConstraints: 'critical, CA:TRUE', keyUsage: 'critical, cRLSign' }, 'keyUsage'],
  [{ basicConstraints: 'critical, CA:FALSE', keyUsage: 'critical, keyCertSign' }, 'keyUsage'],
  [{ basicConstraints: 'critical, CA:FALSE', nameConstraints: 'critical, permitted;DNS:a' }, 'nameConstraints'],
  [{ basicConstraints: 'critical, CA:FALSE', keyUsage: 'encipherOnly' }, 'keyUsage'],
  [{ basicConstraints: 'critical, CA:FALSE', keyUsage: 'keyAgreement, decipherOnly' }, undefined],
  [{ basicConstraints: 'critical, CA:FALSE', '1.3.6.1.4.1.99999.1': 'critical, DER:0C0141' }, undefined],
  [{ basicConstraints: 'critical, CA:TRUE', '1.3.6.1.4.1.99999.1': 'DER:0C0141' }, undefined],
  [{ basicConstraints: 'critical, CA:TRUE', '1.3.6.1.4.1.99999.1': 'critical, DER:0C0141' }, '1.3.6.1.4.1.99999.1'],
  // policyConstraints: all verifiers know it.
  [{ basicConstraints: 'critical, CA:TRUE', '2.5.29.36': 'critical, DER:3003800100' }, undefined],
];
for (const [each, key] of together)
  suite(`${JSON.stringify(each)} ${key ? `is refused for its ${key}` : 'go together'}`, () => {
    assert.is(refuseTogether(new Map(Object.entries(each)))?.key, key);
  });

suite('a text of an own extension is said to be UTF-8, since openssl takes it for Latin-1 else', () => {
  assert.ok(
    build({ '1.2.3.4': 'critical, ASN1:UTF8String:ü' }, false, true).includes(
      '1.2.3.4 = critical, ASN1:FORMAT:UTF8,UTF8String:ü',
    ),
  );
});

suite('what needs a section of its own gets one, named after the section that it is for', () => {
  const values = {
    basicConstraints: 'critical, CA:TRUE',
    subjectAltName: 'UPN:a@b, URI:x:UPN:y',
    certificatePolicies: '1.2.3.4, 2.5.4.3 CPS:https://example.org/',
    nameConstraints: 'critical, permitted;dirName:/C=DE/O=Example, permitted;DNS:a',
    'must-staple': 'yes',
    caIssuers: 'http://a/ http://b/',
    '1.3.6.1.4.1.99999.1': 'critical, DER:0C0141',
  };
  const { extensions, sections } = buildExtensions(new Map(Object.entries(values)), 'certificate', false, true);
  assert.equal(
    extensions.slice(2).map(({ name, value }) => `${name} = ${value}`),
    [
      'basicConstraints = critical, CA:TRUE',
      'subjectAltName = otherName:msUPN;UTF8:a@b, URI:x:UPN:y',
      'certificatePolicies = 1.2.3.4, @certificate_part1',
      'nameConstraints = critical, permitted;dirName:certificate_part2, permitted;DNS:a',
      'tlsfeature = status_request',
      'authorityInfoAccess = caIssuers;URI:http://a/, caIssuers;URI:http://b/',
      '1.3.6.1.4.1.99999.1 = critical, DER:0C0141',
    ],
  );
  assert.equal(sections, [
    {
      name: 'certificate_part1',
      lines: [
        { name: 'policyIdentifier', value: '2.5.4.3' },
        { name: 'CPS.1', value: 'https://example.org/' },
      ],
    },
    {
      name: 'certificate_part2',
      lines: [
        { name: '0.C', value: 'DE' },
        { name: '1.O', value: 'Example' },
      ],
    },
  ]);
});

const label = 'a'.repeat(62);
for (const [key, value, isTaken] of [
  ['subjectAltName', `DNS:${[label, label, label, label].join('.')}.b`, true],
  ['subjectAltName', `DNS:${[label, label, label, label].join('.')}.bc`, false],
  ['subjectAltName', 'IP:10.0.0.1', true],
  ['subjectAltName', 'IP:2001:db8::1', true],
  ['subjectAltName', 'IP:10:20', false],
  ['subjectAltName', 'IP:localhost', false],
  ['subjectAltName', 'IP:10.0.0.256', false],
  ['nameConstraints', 'critical, permitted;email:a@example.org', true],
  ['nameConstraints', 'critical, permitted;email:.example.org', true],
  ['nameConstraints', 'critical, permitted;email:a b', false],
  ['nameConstraints', 'critical, permitted;IP:10.0.0.0/255.0.0.0', true],
  ['nameConstraints', 'critical, permitted;IP:2001:db8::/ffff:ffff::', true],
  ['nameConstraints', 'critical, permitted;IP:10.0.0.0/ffff::', false],
  ['nameConstraints', 'critical, permitted;IP:2001:db8::/255.0.0.0', false],
  ['nameConstraints', 'critical, permitted;IP:10.0.0.0', false],
] as const)
  suite(`${key} ${isTaken ? 'takes' : 'refuses'} ${value.length > 60 ? `${value.length} characters` : value}`, () => {
    assert.is(refuseExtension(key, value) === undefined, isTaken);
  });

suite('what is expected of usages names OIDs where they are allowed, of URLs that they are never critical', () => {
  assert.match(refuseExtension('keyUsage', 'x')!.expected, /, decipherOnly$/);
  assert.match(refuseExtension('extendedKeyUsage', 'x')!.expected, /, or an OID$/);
  assert.match(refuseExtension('OCSP', 'critical, http://a.org/')!.expected, /^no "critical"/);
});

suite('rules between extensions say nothing where basicConstraints is missing, which is told elsewhere', () => {
  assert.is(refuseTogether(new Map([['keyUsage', 'keyCertSign']])), undefined);
});

suite('what is told of a comma or semicolon in a URL, or in a text, is how it is written', () => {
  for (const [key, value] of [
    ['OCSP', 'http://ocsp.example/?a=1,b'],
    ['crlDistributionPoints', 'ldap:///CN=x,DC=y?certificateRevocationList'],
    ['caIssuers', 'http://a/x;y'],
    ['certificatePolicies', '1.2.3 CPS:http://a/?a=1,b'],
  ] as const)
    assert.match(refuseExtension(key, value)!.expected, /commas in them as %2C, semicolons as %3B/, value);
  assert.match(refuseExtension('subjectAltName', 'URI:http://a/?a=1,b')!.expected, /URIs with commas in them as %2C$/);
  assert.is(refuseExtension('subjectAltName', 'URI:http://a/x;y'), undefined);
  for (const text of ['hallo, welt', 'a;b', 'a:b'])
    assert.match(
      refuseExtension('1.2.3', `ASN1:UTF8String:${text}`)!.expected,
      /^DER:.* for any text.* without , ; and :$/,
    );
});

suite.run();
