import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatSignatureLists, X509_GUID } from '../../scripts/lib/model/signature-list.ts';
import type { VariableName } from '../../scripts/lib/model/types.ts';
import { parseVariableUpdate, signedBytes, wrapSignedData } from '../../scripts/lib/model/variable-update.ts';

const suite = makeSuite('variable-update');

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const OWNER = '12345678-9abc-4def-8123-456789abcdef';
const whole = formatSignatureLists([{ type: X509_GUID, owner: OWNER, data: Buffer.from('abcd') }]);

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
  const signed = (variable: VariableName, isAppended = false) =>
    signedBytes(variable, parseVariableUpdate(update), isAppended).toString('hex');
  const tail = `27000000${TIME.toString('hex')}${whole.toString('hex')}`;
  assert.is(signed('db'), `64006200cbb219d73a3d9645a3bcdad00e67656f${tail}`);
  assert.is(signed('db', true), signed('db').replace('67656f27', '67656f67'));
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

suite('what is wrapped already stays as it is', () => {
  const wrapped = wrapSignedData(Buffer.alloc(300));
  assert.equal(wrapSignedData(wrapped), wrapped);
});

suite('an update may be nothing but its head; what is shorter is told as such', () => {
  const { signedData, payload } = parseVariableUpdate(head(24));
  assert.equal([signedData.length, payload.length], [0, 0]);
  assert.throws(() => parseVariableUpdate(head(24).subarray(0, 39)), /^too short$/);
  assert.throws(() => parseVariableUpdate(head(25)), /cut off/);
  assert.throws(() => parseVariableUpdate(head(23)), /cut off/);
});

suite('an update replaces, unless said otherwise', () => {
  const parsed = parseVariableUpdate(update);
  assert.equal(signedBytes('db', parsed), signedBytes('db', parsed, false));
});

suite('lengths are as short as DER wants them', () => {
  const inner = (length: number) =>
    wrapSignedData(Buffer.alloc(length)).toString('hex').split('06092a864886f70d010702')[1]!;
  assert.match(inner(0x7f), /^a07f00/);
  assert.match(inner(0x80), /^a0818000/);
});

suite.run();
