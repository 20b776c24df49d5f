// UEFI signature lists (.esl) as values: UEFI specification 2.10, 32.4.1 (EFI_SIGNATURE_LIST). Numbers are little endian.

export const X509_GUID = 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072';
export const SHA256_GUID = 'c1c41626-504c-4092-aca9-41f936934328';
export const X509_SHA256_GUID = '3bd2a492-96c0-4079-b420-fcf98ef103ed';

/** What the type of an entry says. */
export interface SignatureType {
  readonly name: string;
  /** Of its data, in bytes; undefined: any. */
  readonly length?: number;
  /** Of an image's hash: node's name of the digest. */
  readonly imageDigest?: string;
  /** Of the hash of a certificate's signed part, which the time of its revocation follows: node's name of the digest. */
  readonly certificateDigest?: string;
}

/** By GUID. */
export const SIGNATURE_TYPES: Readonly<Record<string, SignatureType>> = {
  [X509_GUID]: { name: 'X.509' },
  [SHA256_GUID]: { name: 'SHA-256', length: 32, imageDigest: 'sha256' },
  '826ca512-cf10-4ac9-b187-be01496631bd': { name: 'SHA-1', length: 20, imageDigest: 'sha1' },
  '0b6e5233-a65c-44c9-9407-d9ab83bfc8bd': { name: 'SHA-224', length: 28, imageDigest: 'sha224' },
  'ff3e5307-9fd0-48c9-85f1-8ad56c701e01': { name: 'SHA-384', length: 48, imageDigest: 'sha384' },
  '093e0fae-a6c4-4f50-9f1b-d41e2b89c19a': { name: 'SHA-512', length: 64, imageDigest: 'sha512' },
  '3c5766e8-269c-4e34-aa14-ed776e85b3b6': { name: 'RSA-2048 key', length: 256 },
  'e2b36190-879b-4a3d-ad8d-f2e7bba32784': { name: 'SHA-256 signed by RSA-2048', length: 256 },
  '67f8444f-8743-48f1-a328-1eaab8736080': { name: 'SHA-1 signed by RSA-2048', length: 256 },
  [X509_SHA256_GUID]: { name: 'X.509 SHA-256', length: 48, certificateDigest: 'sha256' },
  '7076876e-80c2-4ee6-aad2-28b349a6865b': { name: 'X.509 SHA-384', length: 64, certificateDigest: 'sha384' },
  '446dbf63-2502-4cda-bcfa-2465d2b0fe9d': { name: 'X.509 SHA-512', length: 80, certificateDigest: 'sha512' },
};

/** One entry of a list: who owns it and the bytes (DER of a certificate, a hash). */
export interface Signature {
  readonly type: string;
  readonly owner: string;
  readonly data: Buffer;
}

/** Mixed-endian bytes to the usual text of a GUID, lower case. */
export function guidAt(bytes: Buffer, offset: number): string {
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(i => bytes[offset + i]!);
  return Buffer.from(swapped)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function guidBytes(guid: string): Buffer {
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

/** Lists with these entries: one a certificate, as efitools make them; other entries of one type in a row share one. */
export function formatSignatureLists(signatures: readonly Signature[]): Buffer {
  const lists: Signature[][] = [];
  for (const signature of signatures) {
    const list = lists.at(-1);
    if (list && signature.type !== X509_GUID && isAlike(list[0]!, signature)) list.push(signature);
    else lists.push([signature]);
  }
  return Buffer.concat(lists.map(formatList));
}

const isAlike = (a: Signature, b: Signature): boolean => a.type === b.type && a.data.length === b.data.length;

function formatList(signatures: readonly Signature[]): Buffer {
  const [{ type, data }] = signatures as [Signature];
  const entrySize = 16 + data.length;
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(28 + entrySize * signatures.length, 0);
  sizes.writeUInt32LE(entrySize, 8);
  const entries = signatures.flatMap(each => [guidBytes(each.owner), each.data]);
  return Buffer.concat([guidBytes(type), sizes, ...entries]);
}

/** Whether two entries say the same, whoever owns them. */
export const isSame = (a: Signature, b: Signature): boolean => a.type === b.type && a.data.equals(b.data);
