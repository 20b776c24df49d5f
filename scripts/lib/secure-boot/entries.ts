// What a person wants in a UEFI list, by file or hash, as entries: certificates, vendors' lists and updates, EFI binaries.
import { X509Certificate } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { hashOfBinary } from '../artifact/efi.ts';
import { StateError, UsageError } from '../errors.ts';
import { certificateBlocks } from '../model/pem.ts';
import { parseSignatureLists, SHA256_GUID, type Signature, X509_GUID } from '../model/signature-list.ts';
import { parseVariableUpdate } from '../model/variable-update.ts';
import type { Surroundings } from '../run/exec.ts';
import { inputFile, readInput } from '../store/input-file.ts';

/** Who owns the entries of whose certificates (SignatureOwner), where nothing says otherwise. */
const VENDORS: readonly (readonly [subject: RegExp, owner: string])[] = [
  // Microsoft, "Windows Secure Boot Key Creation and Management Guidance".
  [/^O=Microsoft Corporation$/m, '77fa9abd-0359-4d32-bd60-28f4e78f784b'],
];

/** The owner of a certificate or hash that comes without one; `fallback` is for what no known vendor made. */
const ownerOf = (certificate: X509Certificate, fallback: string): string =>
  VENDORS.find(([subject]) => subject.test(certificate.subject))?.[1] ?? fallback;

/** Owners for what comes without one: lists and updates keep theirs. GUIDs, lower case. */
export interface Owners {
  /** As a person said. */
  readonly given: string | undefined;
  /** That of the platform. */
  readonly own: string;
}

/** The entries that a word means. Throws where it is neither a hash nor a file with any. */
export async function readEntries(given: string, owners: Owners, surroundings: Surroundings): Promise<Signature[]> {
  const plain = owners.given ?? owners.own;
  if (/^[0-9a-fA-F]{64}$/.test(given)) return [{ type: SHA256_GUID, owner: plain, data: Buffer.from(given, 'hex') }];
  if (isEfiBinary(inputFile(given)))
    return [{ type: SHA256_GUID, owner: plain, data: await hashOfBinary(inputFile(given), surroundings) }];
  const bytes = readInput(given);
  const entries = readCertificates(bytes, owners) ?? readLists(bytes);
  if (entries && entries.length > 0) return entries;
  throw new StateError(
    `"${given}" is nothing that a UEFI list holds`,
    'give a certificate (PEM or DER), a signature list (.esl), an update (.auth), an EFI binary, or 64 hexadecimal digits',
  );
}

/** PE binaries begin with "MZ" (Microsoft PE and COFF specification, 2.1). */
function isEfiBinary(path: string): boolean {
  const start = Buffer.alloc(2);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, start, 0, 2, 0);
  } finally {
    closeSync(descriptor);
  }
  return start.toString('latin1') === 'MZ';
}

function readCertificates(bytes: Buffer, { given, own }: Owners): Signature[] | undefined {
  const blocks = certificateBlocks(bytes.toString('latin1'));
  try {
    const certificates = (blocks.length > 0 ? blocks : [bytes]).map(each => new X509Certificate(each));
    return certificates.map(each => ({ type: X509_GUID, owner: given ?? ownerOf(each, own), data: each.raw }));
  } catch {
    return undefined;
  }
}

function readLists(bytes: Buffer): Signature[] | undefined {
  for (const read of [() => parseVariableUpdate(bytes).payload, () => bytes])
    try {
      return parseSignatureLists(read());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  return undefined;
}

/** A GUID in the usual text form, as typed. */
export function readGuid(given: string): string {
  if (/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(given)) return given.toLowerCase();
  throw new UsageError(`--owner "${given}" is no GUID`, 'give one as 77fa9abd-0359-4d32-bd60-28f4e78f784b is written');
}
