// Authenticated updates of UEFI variables (.auth) as values: UEFI specification 2.10, 8.2.2
// (EFI_VARIABLE_AUTHENTICATION_2). Numbers are little endian.
import { guidAt, guidBytes } from './signature-list.ts';
import type { VariableName } from './types.ts';

export const PKCS7_GUID = '4aafd29d-68df-49ee-8aa9-347d375665a7';
const GLOBAL_VARIABLE = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const IMAGE_SECURITY_DATABASE = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
/** Non-volatile, boot and run-time access, time-based authenticated write. */
const UPDATE_ATTRIBUTES = 0x27;
const APPEND_WRITE = 0x40;

export interface VariableUpdate {
  readonly time: Date;
  /** DER of the PKCS#7 SignedData, without a ContentInfo around it, as firmware wants it. */
  readonly signedData: Buffer;
  /** The 16 bytes of the EFI_TIME, as signed. */
  readonly timeBytes: Buffer;
  /** The signature lists that the variable is set to. */
  readonly payload: Buffer;
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
export function signedBytes(variable: VariableName, update: VariableUpdate, isAppended = false): Buffer {
  const guid = variable === 'db' || variable === 'dbx' ? IMAGE_SECURITY_DATABASE : GLOBAL_VARIABLE;
  const attributes = Buffer.alloc(4);
  attributes.writeUInt32LE(UPDATE_ATTRIBUTES | (isAppended ? APPEND_WRITE : 0));
  return Buffer.concat([
    Buffer.from(variable, 'utf16le'),
    guidBytes(guid),
    attributes,
    update.timeBytes,
    update.payload,
  ]);
}

/** id-signedData (RFC 2315, 14), as DER. */
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex');

/** SignedData wrapped in a ContentInfo (RFC 2315, 7), as openssl reads it. Some vendors' updates have that already. */
export function wrapSignedData(signedData: Buffer): Buffer {
  if (signedData.subarray(0, 16).includes(SIGNED_DATA)) return signedData;
  return tagged(0x30, Buffer.concat([SIGNED_DATA, tagged(0xa0, signedData)]));
}

function tagged(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const digits = content.length.toString(16);
  const length = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}
