import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseSignatureLists,
  parseVariableUpdate,
  signedBytes,
  wrapSignedData,
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

// 2026-01-02 03:04:05 as EFI_TIME; then WIN_CERTIFICATE_UEFI_GUID.
const TIME = Buffer.from('ea070102030405000000000000000000', 'hex');
const PKCS7 = Buffer.from('9dd2af4adf68ee498aa9347d375665a7', 'hex');
const SIGNED = Buffer.from('signed data');
const head = (length: number, type = '0002f10e') =>
  Buffer.concat([TIME, uint32(length), Buffer.from(type, 'hex'), PKCS7]);
const update = Buffer.concat([head(24 + SIGNED.length), SIGNED, whole]);

suite('an update has a time, a signature and the lists that it sets', () => {
  const { time, timeBytes, signedData, payload } = parseVariableUpdate(update);
  assert.is(time.toISOString(), '2026-01-02T03:04:05.000Z');
  assert.equal(timeBytes, TIME);
  assert.equal(signedData, SIGNED);
  assert.equal(payload, whole);
});

const noUpdates: readonly [name: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['39 bytes', update.subarray(0, 39)],
  ['a signature that is cut off', update.subarray(0, 45)],
  ['a length below its own head', Buffer.concat([head(23), SIGNED])],
  ['another type of certificate', Buffer.concat([head(24, '0002f00e'), SIGNED])],
  ['a list', Buffer.concat([whole, whole])],
];
for (const [name, bytes] of noUpdates)
  suite(`${name} is no update: a RangeError`, () => {
    assert.throws(
      () => parseVariableUpdate(bytes),
      (error: unknown) => error instanceof RangeError,
    );
  });

suite('what is signed is name, GUID, attributes, time and payload, db under its own GUID', () => {
  const signed = (variable: string) => signedBytes(variable, parseVariableUpdate(update)).toString('hex');
  const tail = `27000000${TIME.toString('hex')}${whole.toString('hex')}`;
  assert.is(signed('db'), `64006200cbb219d73a3d9645a3bcdad00e67656f${tail}`);
  assert.is(signed('PK'), `50004b0061dfe48bca93d211aa0d00e098032b8c${tail}`);
});

for (const length of [1, 0x7f, 0x80, 0xff, 0x100, 0x10000])
  suite(`SignedData of ${length} bytes is wrapped with lengths of DER`, () => {
    const wrapped = wrapSignedData(Buffer.alloc(length));
    const [outer, outerSize] = derContent(wrapped);
    assert.is(wrapped[0], 0x30);
    assert.is(outerSize, wrapped.length);
    assert.is(outer.subarray(0, 11).toString('hex'), '06092a864886f70d010702');
    const [inner, innerSize] = derContent(outer.subarray(11));
    assert.is(outer[11], 0xa0);
    assert.is(innerSize, outer.length - 11);
    assert.is(inner.length, length);
  });

/** The content of a DER element, and the length of all of it. */
function derContent(bytes: Buffer): [content: Buffer, total: number] {
  const first = bytes[1]!;
  const count = first < 0x80 ? 0 : first & 0x7f;
  const length = count === 0 ? first : bytes.readUIntBE(2, count);
  return [bytes.subarray(2 + count, 2 + count + length), 2 + count + length];
}

suite.run();
