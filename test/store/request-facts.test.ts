import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest } from '../../scripts/bench/requests.ts';
import { refuseRequest } from '../../scripts/lib/authority/request-policy.ts';
import { type Element, elementsOf, firstElement } from '../../scripts/lib/store/der-element.ts';
import { describeRequest } from '../../scripts/lib/store/request-facts.ts';
import { ROOT, scratch, tool } from '../helpers/door.ts';
import {
  asking,
  attribute,
  commonName,
  extension,
  host,
  oddRequest,
  oid,
  otherValue,
  tlv,
} from '../helpers/odd-request.ts';

const test = suite('requests');
const folder = scratch();

function openssl(name: string, key: readonly string[], subject: string, ...more: string[]): Buffer {
  const file = join(folder, `${name}.csr`);
  writeFileSync(join(folder, 'empty.cnf'), '[req]\ndistinguished_name = dn\n[dn]\n');
  const words = [
    'req',
    '-new',
    '-config',
    join(folder, 'empty.cnf'),
    '-utf8',
    '-noenc',
    '-keyout',
    join(folder, `${name}.key`),
  ];
  tool('openssl', [...words, ...key, '-subj', subject, ...more, '-out', file]);
  return readFileSync(file);
}

test('keys of all kinds, and their proofs of possession', () => {
  const kinds: [string, string[], object][] = [
    ['rsa', ['-newkey', 'rsa:2048'], { kind: 'rsa', bits: 2048, exponent: 65537n }],
    [
      'pss',
      ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'],
      { kind: 'rsa-pss', bits: 2048, exponent: 65537n },
    ],
    [
      'p384',
      ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
      { kind: 'ec', curve: 'secp384r1', isUncompressed: true },
    ],
    ['ed', ['-newkey', 'ed25519'], { kind: 'ed25519', bits: undefined, exponent: undefined }],
  ];
  for (const [name, key, expected] of kinds) {
    const facts = describeRequest(openssl(name, key, '/CN=x'));
    assert.equal(facts.key, expected, name);
    assert.is(facts.isForged(), false, name);
    const spki = createPublicKey(readFileSync(join(folder, `${name}.key`))).export({ format: 'der', type: 'spki' });
    assert.is(facts.keySha256, createHash('sha256').update(spki).digest('hex'), name);
  }
});

test('EC keys that RFC 5480 does not know, or that many programs cannot read, are refused', () => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const explicit = describeRequest(openssl('explicit', [...curve, '-pkeyopt', 'ec_param_enc:explicit'], '/CN=x'));
  assert.is(explicit.key?.curve, undefined);
  assert.match(refuseRequest(explicit, true) ?? '', /its curve without a name/);
  openssl('whole', curve, '/CN=x');
  for (const form of ['compressed', 'hybrid']) {
    const key = join(folder, `${form}.key`);
    tool('openssl', ['ec', '-in', join(folder, 'whole.key'), '-conv_form', form, '-out', key]);
    const facts = describeRequest(openssl(`of-${form}`, ['-key', key], '/CN=x'));
    assert.equal(facts.key, { kind: 'ec', curve: 'prime256v1', isUncompressed: false }, form);
    assert.is(facts.isForged(), false, form);
    assert.match(refuseRequest(facts, true) ?? '', /its EC point is not in the uncompressed form/);
  }
});

test('requests that are signed with SHA-3 prove their keys, too', () => {
  const kinds = { rsa: ['rsa:2048'], ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] };
  for (const [name, key] of Object.entries(kinds))
    for (const digest of ['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'])
      assert.is(describeRequest(openssl(name, ['-newkey', ...key, `-${digest}`], '/CN=x')).isForged(), false, digest);
});

test('post-quantum keys are named, whether or not the node at hand knows them; openssl proves them', () => {
  for (const kind of ['ml-dsa-65', 'slh-dsa-sha2-128s']) {
    const facts = describeRequest(readFileSync(join(ROOT, `test/fixtures/post-quantum/${kind}.csr`)));
    assert.is(facts.key?.kind, kind);
    assert.is(facts.isForged(), false);
    assert.is(refuseRequest(facts, true), undefined);
  }
});

test('subjects and extensions in the words of the ini files', () => {
  const more = [
    '-multivalue-rdn',
    '-addext',
    'subjectAltName=DNS:a,URI:b,IP:10.0.0.1,email:c@d',
    '-addext',
    'keyUsage=critical,digitalSignature',
  ];
  const { subject, extensions } = describeRequest(
    openssl('words', ['-newkey', 'ed25519'], '/O=Größe/CN=x+serialNumber=7', ...more),
  );
  assert.equal(subject, [
    { name: 'organizationName', value: 'Größe' },
    { name: 'commonName', value: 'x' },
    { name: '+serialNumber', value: '7' },
  ]);
  assert.is(extensions.get('subjectAltName'), 'DNS:a, URI:b, IP:10.0.0.1, email:c@d');
  assert.is(extensions.get('keyUsage'), 'critical, digitalSignature');
});

test("what openssl copies is seen: extensions in Microsoft's attribute, lists without a member", () => {
  const { extensions } = describeRequest(makeRequest(7, '2b06010401823702010e'));
  assert.equal([...extensions], [['subjectAltName', 'URI:UUID:7']]);
  tool(
    'openssl',
    [
      ...['req', '-new', '-batch', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ...['-keyout', '/dev/null', '-subj', '/CN=x', '-addext', 'crlDistributionPoints=DER:3000', '-out', 'empty.csr'],
    ],
    folder,
  );
  const empty = describeRequest(readFileSync(join(folder, 'empty.csr')));
  assert.match(refuseRequest(empty, true) ?? '', /asks for the extension crlDistributionPoints/);
});

test('what is no request is told; a signature of another key is seen', () => {
  const der = Buffer.from(makeRequest(1).split('\n').slice(1, -2).join(''), 'base64');
  assert.is(describeRequest(der).isForged(), false);
  const forged = Buffer.from(der);
  forged[forged.length - 1]! ^= 1;
  assert.is(describeRequest(forged).isForged(), true);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('text'),
    der.subarray(0, 90),
    Buffer.concat([der, Buffer.from([0])]),
  ])
    assert.throws(() => describeRequest(bytes), /it is no certification request/);
  const certificate = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
  assert.throws(() => describeRequest(Buffer.from(certificate)), /neither in PEM nor in DER/);
  const two = `${makeRequest(1)}${makeRequest(2)}`;
  assert.throws(() => describeRequest(two), /it holds 2 requests: one a file/);
});

test('octets that are cut or changed anywhere never break more than the one request', () => {
  const der = Buffer.from(makeRequest(2).split('\n').slice(1, -2).join(''), 'base64');
  for (let i = 0; i < der.length; i++) {
    const changed = Buffer.from(der);
    changed[i]! ^= 0x55;
    try {
      assert.is(describeRequest(changed).isForged(), true, `octet ${i}`);
    } catch (error) {
      assert.instance(error, RangeError, `octet ${i}: ${error}`);
    }
  }
});

/** Why a request cannot be read; '': it can. */
function refusal(given: Parameters<typeof oddRequest>[0]): string {
  try {
    describeRequest(oddRequest(given));
    return '';
  } catch (error) {
    assert.instance(error, RangeError);
    return (error as RangeError).message;
  }
}

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const names = (value: string, critical = '') => [asking([extension('551d11', bytes(value), bytes(critical))])];
const X = tlv(0x0c, Buffer.from('x'));
const shared = (...types: readonly string[]) => [tlv(0x31, ...types.map(type => tlv(0x30, oid(type), X)))];
const beside = (other: Buffer) => [commonName('a'), other];
/** Each is other than X.690, 8 to 11, have it for DER. */
const NO_DER: readonly [string, Parameters<typeof oddRequest>[0], RegExp][] = [
  ['names of indefinite length', { attributes: names('30808201610000') }, /its subjectAltName .*an indefinite length/],
  ['a name with a long length', { attributes: names('300482810161') }, /its subjectAltName .*a length in more octets/],
  ['octets after the names', { attributes: names('30038201610500') }, /its subjectAltName .*more than one element/],
  ['a "critical" that says FALSE', { attributes: names('3003820161', '010100') }, /"critical" is FALSE/],
  [
    'a "critical" of 01',
    { attributes: names('3003820161', '010101') },
    /^it is not in DER \(X\.690\): a BOOLEAN other than 00 or FF, at octet \d+$/,
  ],
  ['a relative name that is not sorted', { subject: shared('55040b', '550403') }, /DER .*a SET that is not sorted/],
  ['a string in pieces', { subject: [otherValue('550403', tlv(0x2c, X))] }, /DER .*a string in pieces/],
  ['an INTEGER with a zero', { subject: beside(otherValue('550404', bytes('02020001'))) }, /DER .*an INTEGER/],
  ['an OID with a zero', { subject: beside(attribute('55048003', 'x')) }, /DER .*an OBJECT IDENTIFIER/],
  ['bits that are not used', { subject: beside(otherValue('55042d', bytes('03020701'))) }, /DER .*a BIT STRING/],
];
for (const [what, given, reason] of NO_DER)
  test(`no DER: ${what}`, () => {
    assert.match(refusal(given), reason);
  });

test('a relative name that is sorted, and a critical extension, are DER', () => {
  assert.is(refusal({ subject: shared('550403', '55040b'), attributes: names('3003820161', '0101ff') }), '');
});

test('a key in an encoding that is not that of its algorithm would pass for another one: refused', () => {
  const rsa = createPublicKey(readFileSync(join(folder, 'rsa.key'))).export({ format: 'der', type: 'pkcs1' });
  const [modulus, exponent] = elementsOf(firstElement(rsa)) as [Element, Element];
  const type = oid('2a864886f70d010101');
  const none = bytes('0500');
  const spki = (algorithm: readonly Buffer[], key: Buffer) =>
    tlv(0x30, tlv(0x30, ...algorithm), tlv(0x03, Buffer.from([0]), key));
  const padded = ({ content }: Element) => tlv(0x02, Buffer.from([0]), content);
  assert.is(refusal({ spki: () => spki([type, none], rsa) }), '');
  const others: Record<string, Buffer> = {
    'no NULL': spki([type], rsa),
    'other parameters': spki([type, bytes('040178')], rsa),
    'more parameters': spki([type, none, none], rsa),
    'the OID of X.500': spki([oid('55080101'), none], rsa),
    'a long length': spki([type, none], Buffer.concat([bytes('308300'), rsa.subarray(2)])),
    'octets after it': spki([type, none], Buffer.concat([rsa, none])),
    'a zero before the modulus': spki([type, none], tlv(0x30, padded(modulus), exponent.whole)),
    'a zero before the exponent': spki([type, none], tlv(0x30, modulus.whole, padded(exponent))),
    'a modulus below zero': spki([type, none], tlv(0x30, tlv(0x02, modulus.content.subarray(1)), exponent.whole)),
    'Ed25519 with NULL': spki([oid('2b6570'), none], Buffer.alloc(32, 7)),
    'RSA-PSS with a default written out': spki([oid('2a864886f70d01010a'), bytes('3005a203020114')], rsa),
  };
  for (const [what, key] of Object.entries(others))
    assert.match(refusal({ spki: () => key }), /its key is not encoded in the one way that its algorithm has/, what);
  assert.match(refusal({ spki: usual => tlv(0x30, firstElement(usual).content, none) }), /no certification request/);
});

test('texts of all string types of X.520', () => {
  const universal = Buffer.concat([...'a😀'].map(char => bytes(char.codePointAt(0)!.toString(16).padStart(8, '0'))));
  const texts: [number, Buffer, string][] = [
    [0x1e, Buffer.from('Gerät', 'utf16le').swap16(), 'Gerät'],
    [0x1e, Buffer.from('a\nbc', 'utf16le').swap16(), 'a\nbc'],
    [0x1c, universal, 'a😀'],
    [0x14, Buffer.from('Gerät', 'latin1'), 'Gerät'],
    [0x13, Buffer.from('a b'), 'a b'],
  ];
  for (const [tag, content, value] of texts) {
    const request = oddRequest({ subject: [otherValue('550403', tlv(tag, content))] });
    const facts = describeRequest(request);
    assert.equal(facts.subject, [{ name: 'commonName', value }]);
    assert.is(facts.isForged(), false);
  }
});

test('a text whose last character is cut off is no DER', () => {
  for (const tag of [0x1c, 0x1e])
    assert.match(refusal({ subject: beside(otherValue('55040a', tlv(tag, bytes('00000061ff')))) }), /^it is n/);
});

test('extensions that are asked for twice, and another version, are refused', () => {
  const [one, two] = [host('a'), host('b')];
  const microsoft = tlv(0x30, oid('2b06010401823702010e'), tlv(0x31, tlv(0x30, two)));
  assert.match(refusal({ attributes: [asking([one, two])] }), /asks for the extension 2\.5\.29\.17 twice/);
  for (const attributes of [[asking([one]), asking([two])], [asking([one], [two])], [asking([one]), microsoft]])
    assert.match(refusal({ attributes }), /it has 2 lists of extensions: one is allowed/);
  assert.match(refusal({ version: 1 }), /its version is another than 0/);
  assert.is(refusal({ attributes: [asking([one])] }), '');
});

test.run();
