import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { namesOf, refuseRequest } from '../../scripts/lib/authority/request-policy.ts';
import type { RequestFacts } from '../../scripts/lib/store/request-facts.ts';

const test = suite('request policy');
const NOTHING = new Map<string, string>();
const facts = (changes: Partial<RequestFacts>): RequestFacts => ({
  der: Buffer.alloc(0),
  subject: [{ name: 'commonName', value: 'device' }],
  key: { kind: 'ec', curve: 'prime256v1', isUncompressed: true },
  keySha256: '',
  sha256: '',
  extensions: NOTHING,
  isForged: () => false,
  ...changes,
});
const asking = (key: string, value: string) => facts({ extensions: new Map([[key, value]]) });
const rsa = (bits: number, exponent: bigint) => facts({ key: { kind: 'rsa', bits, exponent } });

const CASES: [string, RequestFacts, RegExp | undefined][] = [
  ['a P-256 key', facts({}), undefined],
  ['RSA of 3072 bits', rsa(3072, 65537n), undefined],
  ['RSA of 2047 bits', rsa(2047, 65537n), /has 2047 bits, 2048 are asked for/],
  ['the exponent 3', rsa(3072, 3n), /exponent 3: 65537 is the least/],
  ['an even exponent', rsa(3072, 65538n), /exponent 65538/],
  [
    'the curve of blockchains',
    facts({ key: { kind: 'ec', curve: 'secp256k1' } }),
    /its curve secp256k1 is none of prime256v1/,
  ],
  ['a curve that is not named', facts({ key: { kind: 'ec' } }), /its curve without a name/],
  [
    'a compressed point',
    facts({ key: { kind: 'ec', curve: 'prime256v1', isUncompressed: false } }),
    /its EC point is not in the uncompressed form/,
  ],
  ['Ed25519', facts({ key: { kind: 'ed25519' } }), undefined],
  ['X25519', facts({ key: { kind: 'x25519' } }), /its key of type x25519 signs nothing/],
  ['an unknown algorithm', facts({ key: undefined }), /not known here/],
  ['no common name', facts({ subject: [{ name: 'organizationName', value: 'x' }] }), /no commonName/],
  ['an empty common name', facts({ subject: [{ name: 'commonName', value: '' }] }), /commonName is empty/],
  ['a line end in a name', facts({ subject: [{ name: 'commonName', value: 'a\nb' }] }), /control characters/],
  ...(
    [
      ['commonName', 'x'.repeat(300), /its subject's commonName "x{80}" cannot be: expected at most 64 characters/],
      ['+countryName', 'DEU', /its subject's countryName "DEU" cannot be: expected two capital letters/],
      ['organizationName', '{1b4e28ba-2fa1-11d2-883f-0016d3cca427}', undefined],
    ] as const
  ).map(([name, value, message]): [string, RequestFacts, RegExp | undefined] => [
    `${name} ${value.slice(0, 9)}`,
    facts({
      subject: [
        { name: 'commonName', value: 'device' },
        { name, value },
      ],
    }),
    message,
  ]),
  [
    'names',
    asking('subjectAltName', 'URI:UUID:1, DNS:*.a, IP:10.0.0.1, IP:2001:DB8:0:0:0:0:0:1, email:a@b, critical'),
    undefined,
  ],
  ['an address with characters that part others', asking('subjectAltName', 'URI:ldap://h/cn=a\\,o=b?x;y'), undefined],
  ...[
    ...[
      'email:copy',
      'email:move',
      'email:a',
      'email:a@b ',
      'DNS:a.b ',
      'DNS: a',
      'DNS:',
      'DNS:a\\,DNS:b',
      'IP:c0000201ff',
    ],
    ...['URI:http://a b', 'URI:x', 'URI:'],
  ].map((name): [string, RequestFacts, RegExp] => [
    `the name "${name}"`,
    asking('subjectAltName', `DNS:a, ${name}`),
    /its subjectAltName has ".*", which is no such name: they are DNS:host/,
  ]),
  ['no names at all', asking('subjectAltName', ''), /its subjectAltName is empty/],
  ['names of another kind', asking('subjectAltName', 'dirName:/CN=x'), /has dirName:\/CN=x; kinds that are taken over/],
  ['names behind a backslash', asking('subjectAltName', 'DNS:a\\\\, UPN:admin@corp'), /has UPN:admin@corp; kinds/],
  [
    'a line end in a name of a host',
    asking('subjectAltName', 'DNS:a\n[issued]'),
    /has "DNS:a\\n\[issued\]": names are/,
  ],
  ['usages', asking('keyUsage', 'critical, keyCertSign'), undefined],
  ['no CA', asking('basicConstraints', 'critical, CA:FALSE'), undefined],
  ['a CA', asking('basicConstraints', 'CA:TRUE'), /asks to be a CA/],
  ['what may be a CA', asking('basicConstraints', 'DER:3003010101'), /asks to be a CA/],
  ['another extension', asking('nameConstraints', 'permitted;DNS:x'), /asks for the extension nameConstraints/],
];
for (const [name, request, message] of CASES)
  test(name, () => {
    const refusal = refuseRequest(request, true);
    if (message) assert.match(refusal ?? '', message);
    else assert.is(refusal, undefined);
  });

test('names are refused where the profile does not take them over', () => {
  assert.match(refuseRequest(asking('subjectAltName', 'DNS:a'), false)!, /does not take over/);
});

test('a comma or a backslash inside a name parts nothing', () => {
  assert.equal(namesOf('critical, URI:a\\,b, DNS:c\\\\, DNS:d\\\\\\,e'), ['URI:a,b', 'DNS:c\\', 'DNS:d\\,e']);
  assert.equal(namesOf(''), []);
});

test.run();
