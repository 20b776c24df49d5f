import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatSignatureLists,
  isSame,
  parseSignatureLists,
  SHA256_GUID,
  SIGNATURE_TYPES,
  X509_GUID,
} from '../../scripts/lib/model/signature-list.ts';

const suite = makeSuite('signature-list');

// UEFI 2.10, 32.4.1: the first three fields of a GUID are little endian.
const X509_BYTES = 'a159c0a5e494a74a87b5ab155c2bf072';
const OWNER = '12345678-9abc-4def-8123-456789abcdef';
const OWNER_BYTES = '78563412bc9aef4d8123456789abcdef';

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** One list of entries of one size; sizes can be told wrongly. */
function list(entries: readonly Buffer[], told: { list?: number; header?: number; entry?: number } = {}): Buffer {
  const body = Buffer.concat(entries.map(data => Buffer.concat([Buffer.from(OWNER_BYTES, 'hex'), data])));
  const entrySize = 16 + (entries[0]?.length ?? 0);
  return Buffer.concat([
    Buffer.from(X509_BYTES, 'hex'),
    uint32(told.list ?? 28 + body.length),
    uint32(told.header ?? 0),
    uint32(told.entry ?? entrySize),
    body,
  ]);
}

suite('a list of two entries and one of one are three signatures, in order', () => {
  const bytes = Buffer.concat([list([Buffer.from('ab'), Buffer.from('cd')]), list([Buffer.from('efg')])]);
  assert.equal(
    parseSignatureLists(bytes).map(({ type, owner, data }) => [type, owner, data.toString()]),
    [
      [X509_GUID, OWNER, 'ab'],
      [X509_GUID, OWNER, 'cd'],
      [X509_GUID, OWNER, 'efg'],
    ],
  );
});

suite('no bytes are no signatures', () => {
  assert.equal(parseSignatureLists(Buffer.alloc(0)), []);
});

const whole = list([Buffer.from('abcd')]);
const broken: readonly [name: string, bytes: Buffer][] = [
  ['stray bytes after a list', Buffer.concat([whole, Buffer.from('x')])],
  ['a head that is cut off', whole.subarray(0, 27)],
  ['a body that is cut off', whole.subarray(0, whole.length - 1)],
  ['a list size of zero', list([Buffer.from('abcd')], { list: 0 })],
  ['a list size beyond the end', list([Buffer.from('abcd')], { list: 0xffffffff })],
  ['a header beyond the list', list([Buffer.from('abcd')], { header: 0xffffffff })],
  ['an entry size of zero', list([Buffer.from('abcd')], { entry: 0 })],
  ['an entry with no room for data', list([Buffer.from('abcd')], { entry: 16 })],
  ['an entry size that does not divide the list', list([Buffer.from('abcd')], { entry: 19 })],
  ['a list without an entry', list([])],
];
for (const [name, bytes] of broken)
  suite(`${name}: a RangeError`, () => {
    assert.throws(
      () => parseSignatureLists(bytes),
      (error: unknown) => error instanceof RangeError,
    );
  });

const signature = (type: string, data: string, owner = OWNER) => ({ type, owner, data: Buffer.from(data) });

suite('entries become the bytes that they were read from: a list a certificate, one for hashes in a row', () => {
  const x509 = signature(X509_GUID, 'abcd');
  assert.equal(formatSignatureLists([x509]), whole);
  assert.equal(formatSignatureLists([x509, x509]), Buffer.concat([whole, whole]));
  const [a, b] = [signature(SHA256_GUID, '1'.repeat(32)), signature(SHA256_GUID, '2'.repeat(32))];
  const hashes = formatSignatureLists([a, b]);
  assert.is(hashes.length, 28 + 2 * 48);
  assert.equal(parseSignatureLists(hashes), [a, b]);
  assert.equal(parseSignatureLists(formatSignatureLists([a, x509, b])), [a, x509, b]);
  assert.equal(formatSignatureLists([]), Buffer.alloc(0));
});

suite('two entries say the same by type and data, whoever owns them', () => {
  const other = 'ffffffff-9abc-4def-8123-456789abcdef';
  assert.ok(isSame(signature(X509_GUID, 'a'), signature(X509_GUID, 'a', other)));
  assert.not.ok(isSame(signature(X509_GUID, 'a'), signature(X509_GUID, 'b')));
  assert.not.ok(isSame(signature(X509_GUID, 'a'), signature(SHA256_GUID, 'a')));
});

suite('types have the names and lengths of UEFI 2.10, 32.4.1', () => {
  assert.equal(Object.fromEntries(Object.values(SIGNATURE_TYPES).map(({ name, length = 'any' }) => [name, length])), {
    'X.509': 'any',
    'SHA-256': 32,
    'SHA-1': 20,
    'SHA-224': 28,
    'SHA-384': 48,
    'SHA-512': 64,
    'RSA-2048 key': 256,
    'SHA-256 signed by RSA-2048': 256,
    'SHA-1 signed by RSA-2048': 256,
    'X.509 SHA-256': 48,
    'X.509 SHA-384': 64,
    'X.509 SHA-512': 80,
  });
});

suite('what is broken is told with its place', () => {
  const whole = list([Buffer.from('ab')]);
  const messageOf = (bytes: Buffer) => {
    try {
      parseSignatureLists(bytes);
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  assert.is(messageOf(Buffer.alloc(27)), '27 stray bytes at 0');
  assert.is(messageOf(Buffer.concat([whole, Buffer.alloc(5)])), `5 stray bytes at ${whole.length}`);
  assert.is(messageOf(Buffer.concat([whole, Buffer.alloc(28)])), `broken list at ${whole.length}`);
  assert.is(messageOf(list([Buffer.alloc(0)])), 'broken list at 0');
  assert.is(messageOf(list([], { list: 28, entry: 48 })), 'broken list at 0');
  assert.is(messageOf(list([Buffer.alloc(1)])), 'taken');
});

suite('a header of the list is passed over', () => {
  const plain = list([Buffer.from('ab')], { header: 4 });
  const withHeader = Buffer.concat([plain.subarray(0, 28), Buffer.from('head'), plain.subarray(28)]);
  withHeader.writeUInt32LE(withHeader.length, 16);
  assert.equal(
    parseSignatureLists(withHeader).map(({ owner, data }) => [owner, data.toString()]),
    [[OWNER, 'ab']],
  );
});

suite('entries of two types, or of two lengths, are in lists of their own', () => {
  const other = '11111111-2222-4333-8444-555555555555';
  const entry = (type: string, length: number) => ({ type, owner: OWNER, data: Buffer.alloc(length) });
  const sizeOf = (...all: ReturnType<typeof entry>[]) => formatSignatureLists(all).length;
  assert.is(sizeOf(entry(SHA256_GUID, 32), entry(SHA256_GUID, 32)), 28 + 2 * 48);
  assert.is(sizeOf(entry(SHA256_GUID, 32), entry(other, 32)), 2 * (28 + 48));
  assert.is(sizeOf(entry(other, 32), entry(other, 48)), 28 + 48 + 28 + 64);
});

suite.run();
