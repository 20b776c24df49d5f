// What a person wants in a UEFI list, by file or hash, as entries: certificates, vendors' lists and updates, EFI binaries.
import type { X509Certificate } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { hashesOfImage, hashOfImage, readImage } from '../artifact/authenticode.ts';
import { digestsOf, signaturesOf } from '../artifact/efi-signature.ts';
import { StateError, UsageError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import {
  isSame,
  parseSignatureLists,
  SHA256_GUID,
  SIGNATURE_TYPES,
  type Signature,
  X509_GUID,
} from '../model/signature-list.ts';
import type { VariableName } from '../model/types.ts';
import { VARIABLE_ORDER } from '../model/uefi.ts';
import { parseVariableUpdate, type VariableUpdate } from '../model/variable-update.ts';
import type { Surroundings } from '../run/exec.ts';
import { certificateIn, parseCertificates } from '../store/certificate.ts';
import { inputFile, readInput } from '../store/input-file.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { digestOf } from '../store/signature-digest.ts';
import { describeUpdate } from './describe.ts';

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

/**
 * The entries that a word means, of an EFI binary its hashes, and `withSigned` that of its signed copies; `note` is told
 * what of a file is passed over, or more than one may expect. Throws where it is no hash, nor a file with any.
 */
export function readEntries(
  given: string,
  owners: Owners,
  withSigned: boolean,
  note: (text: string) => void,
): Signature[] {
  const owner = owners.given ?? owners.own;
  if (isHash(given)) return [{ type: SHA256_GUID, owner, data: Buffer.from(given, 'hex') }];
  if (isEfiBinary(inputFile(given))) return entriesOfBinary(given, owner, withSigned, note);
  const bytes = readInput(given);
  const entries = readCertificates(bytes, owners, count =>
    note(
      `trustme-pki: of "${given}" the first certificate is taken: the other ${count} ${count === 1 ? 'is its chain' : 'are its chain'}; give what of it is meant, too, in a file of its own`,
    ),
  );
  const found = entries ?? readLists(bytes);
  if (found && found.length > 0) return found;
  throw new StateError(
    `"${given}" is nothing that a UEFI list holds`,
    'give a certificate (PEM or DER), a signature list (.esl), an update (.auth), an EFI binary, or 64 hexadecimal digits',
  );
}

/** SHA-256, and where no signature is of that, what firmware looks for instead. */
function entriesOfBinary(given: string, owner: string, withSigned: boolean, note: (text: string) => void): Signature[] {
  const image = readImage(inputFile(given));
  const [plain, ...signed] = hashesOfImage(image);
  const hashes = withSigned ? [plain, ...signed] : [plain];
  if (hashes.length > 1)
    note(`trustme-pki: of "${given}" two hashes are taken: as it is, and padded to 8 bytes as its signed copies are`);
  const digests = digestsOf(image, signaturesOf(image));
  const others = Object.entries(SIGNATURE_TYPES).filter(
    ([, { imageDigest }]) => !digests.includes('sha256') && digests.includes(imageDigest ?? ''),
  );
  for (const [, { name }] of others)
    note(
      `trustme-pki: of "${given}" the ${name} hash is taken, too: as its signature is of that, firmware looks for that`,
    );
  return [
    ...hashes.map(data => ({ type: SHA256_GUID, owner, data })),
    ...others.map(([type, { imageDigest }]) => ({ type, owner, data: hashOfImage(image, imageDigest) })),
  ];
}

/** Throws where a word is an update of another variable than `name`, or was changed, as far as its signer is known. */
export async function refuseOtherVariable(
  given: string,
  name: VariableName,
  known: readonly X509Certificate[],
  surroundings: Surroundings,
): Promise<void> {
  const update = isHash(given) || isEfiBinary(inputFile(given)) ? undefined : updateIn(readInput(given));
  if (!update) return;
  const { variable, signers } = await describeUpdate(update, known, surroundings);
  // One whose signature does not carry its signer's certificate may be of anybody.
  if (variable === null && signers.length > 0)
    throw new StateError(
      `"${given}" was changed after it was signed, or is for no variable of ${VARIABLE_ORDER.join(', ')}: its signature fits none`,
      `trustme-pki uefi show ${shellWord(given)} tells what it holds; give what of it is meant by itself`,
    );
  if (variable === null || variable === name) return;
  throw new StateError(
    `"${given}" is an update of ${variable}, not of ${name}`,
    variable === 'PK'
      ? 'PK holds one key, to replace it: trustme-pki uefi rotate PK'
      : `trustme-pki uefi add ${variable} ${shellWord(given)}; or give what of it is meant by itself`,
  );
}

const isHash = (given: string): boolean => /^[0-9a-fA-F]{64}$/.test(given);

function updateIn(bytes: Buffer): VariableUpdate | undefined {
  try {
    return parseVariableUpdate(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
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

/** Those of a file that are meant: of a chain the first alone, since whoever forbids a certificate does not forbid its issuers. */
function readCertificates(
  bytes: Buffer,
  { given, own }: Owners,
  noteChain: (others: number) => void,
): Signature[] | undefined {
  const single = bytes[0] === 0x30 ? certificateIn(bytes) : undefined;
  const all = single ? [single] : parseCertificates(bytes.toString('latin1'));
  if (!all || all.length === 0) return undefined;
  const meant = isChain(all) ? all.slice(0, 1) : all;
  if (meant.length < all.length) noteChain(all.length - meant.length);
  return meant.map(each => ({ type: X509_GUID, owner: given ?? ownerOf(each, own), data: each.raw }));
}

/** Each next one issued the one before; two roots of one key did not issue each other. */
const isChain = (certificates: readonly X509Certificate[]): boolean =>
  certificates.slice(1).every((issuer, i) => {
    const subject = certificates[i]!;
    return isIssuedBy(subject, issuer) && !isIssuedBy(subject, subject);
  });

function readLists(bytes: Buffer): Signature[] | undefined {
  for (const read of [() => parseVariableUpdate(bytes).payload, () => bytes])
    try {
      return parseSignatureLists(read());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  return undefined;
}

/** Entries that keep another owner than the one that was asked for. */
export const otherOwners = (name: VariableName, wanted: readonly Signature[], held: readonly Signature[]): string[] =>
  wanted.flatMap(each => {
    const owner = held.find(other => isSame(each, other))?.owner;
    return owner === undefined || owner === each.owner
      ? []
      : [`${name} has ${digestOf(each)} with the owner ${owner}, which stays: "uefi remove" it before it gets another`];
  });

/** A GUID in the usual text form, as typed. */
export function readGuid(given: string): string {
  if (/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(given)) return given.toLowerCase();
  throw new UsageError(`--owner "${given}" is no GUID`, 'give one as 77fa9abd-0359-4d32-bd60-28f4e78f784b is written');
}
