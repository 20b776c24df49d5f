// UEFI signature lists (.esl) and authenticated variable updates (.auth) as values: UEFI specification 2.10,
// 32.4.1 (EFI_SIGNATURE_LIST) and 8.2.2 (EFI_VARIABLE_AUTHENTICATION_2). Numbers are little endian.

export const X509_GUID = 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072';
export const PKCS7_GUID = '4aafd29d-68df-49ee-8aa9-347d375665a7';
const GLOBAL_VARIABLE = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const IMAGE_SECURITY_DATABASE = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
/** Non-volatile, boot and run-time access, time-based authenticated write. */
const UPDATE_ATTRIBUTES = 0x27;

/** One entry of a list: who owns it and the bytes (DER of a certificate, a hash). */
export interface Signature {
  readonly type: string;
  readonly owner: string;
  readonly data: Buffer;
}

export interface VariableUpdate {
  readonly time: Date;
  /** DER of the PKCS#7 SignedData, without a ContentInfo around it, as firmware wants it. */
  readonly signedData: Buffer;
  /** The 16 bytes of the EFI_TIME, as signed. */
  readonly timeBytes: Buffer;
  /** The signature lists that the variable is set to. */
  readonly payload: Buffer;
}

/** Mixed-endian bytes to the usual text of a GUID. */
function guidAt(bytes: Buffer, offset: number): string {
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(i => bytes[offset + i]!);
  return Buffer.from(swapped)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function guidBytes(guid: string): Buffer {
  const plain = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(i => plain[i]!));
}

/** All entries of one or more lists in a row. Throws a RangeError where the sizes do not add up. */
export function parseSignatureLists(bytes: Buffer): Signature[] {
  const signatures: Signature[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    if (bytes.length - offset < 28) throw new RangeError(`${bytes.length - offset} stray bytes at ${offset}`);
    const [listSize, headerSize, entrySize] = [16, 20, 24].map(at => bytes.readUInt32LE(offset + at)) as [
      number,
      number,
      number,
    ];
    const first = offset + 28 + headerSize;
    const end = offset + listSize;
    if (entrySize <= 16 || end > bytes.length || first >= end || (end - first) % entrySize !== 0)
      throw new RangeError(`broken list at ${offset}`);
    for (let at = first; at < end; at += entrySize)
      signatures.push({
        type: guidAt(bytes, offset),
        owner: guidAt(bytes, at),
        data: bytes.subarray(at + 16, at + entrySize),
      });
    offset = end;
  }
  return signatures;
}

/** An update's parts. Throws a RangeError where it is none. */
export function parseVariableUpdate(bytes: Buffer): VariableUpdate {
  if (bytes.length < 40) throw new RangeError('too short');
  const length = bytes.readUInt32LE(16);
  const [revision, type] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)];
  if (revision !== 0x0200 || type !== 0x0ef1 || guidAt(bytes, 24) !== PKCS7_GUID)
    throw new RangeError('no WIN_CERT_TYPE_EFI_GUID with a PKCS#7 signature');
  if (length < 24 || 16 + length > bytes.length) throw new RangeError('its signature is cut off');
  const time = new Date(Date.UTC(bytes.readUInt16LE(0), bytes[2]! - 1, bytes[3], bytes[4], bytes[5], bytes[6]));
  return {
    time,
    timeBytes: bytes.subarray(0, 16),
    signedData: bytes.subarray(40, 16 + length),
    payload: bytes.subarray(16 + length),
  };
}

/** The bytes that an update's signature covers: name, GUID, attributes, time and payload. */
export function signedBytes(variable: string, update: VariableUpdate): Buffer {
  const guid = variable === 'db' || variable === 'dbx' ? IMAGE_SECURITY_DATABASE : GLOBAL_VARIABLE;
  const attributes = Buffer.alloc(4);
  attributes.writeUInt32LE(UPDATE_ATTRIBUTES);
  return Buffer.concat([
    Buffer.from(variable, 'utf16le'),
    guidBytes(guid),
    attributes,
    update.timeBytes,
    update.payload,
  ]);
}

/** SignedData wrapped in a ContentInfo (RFC 2315, 7), as openssl reads it. */
export function wrapSignedData(signedData: Buffer): Buffer {
  const explicit = tagged(0xa0, signedData);
  return tagged(0x30, Buffer.concat([Buffer.from('06092a864886f70d010702', 'hex'), explicit]));
}

function tagged(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const digits = content.length.toString(16);
  const length = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}
