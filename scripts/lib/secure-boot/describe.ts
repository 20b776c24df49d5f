// What a signature list or a variable update says, ours or anybody's: entries, owners, signers, for which variable.
import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { warningOfCertificate } from '../artifact/firmware-key.ts';
import { refusalOfUpdate } from '../check/update-signature.ts';
import { CommandError, StateError } from '../errors.ts';
import { REFUSED_BY_EDK2, warningOfSize, warningOfType } from '../model/firmware.ts';
import { certificateBlocks } from '../model/pem.ts';
import { parseSignatureLists, SIGNATURE_TYPES, type Signature, X509_GUID } from '../model/signature-list.ts';
import type { VariableName } from '../model/types.ts';
import { VARIABLE_ORDER } from '../model/uefi.ts';
import { parseVariableUpdate, type VariableUpdate, wrapSignedData } from '../model/variable-update.ts';
import { command } from '../plan/job.ts';
import { readCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { certificateIn } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { writeNew } from '../store/files.ts';
import { digestOf, revokedFrom } from '../store/signature-digest.ts';
import { isRefusedByEdk2, lengthFlaw } from './edk2.ts';

export interface Entry {
  /** Such as `X.509`, `SHA-256`; of an unknown type its GUID. */
  readonly type: string;
  /** SignatureOwner, a GUID. */
  readonly owner: string;
  /** What names it: of a hash itself, else the SHA-256 of its data; hexadecimal, lower case. */
  readonly sha256: string;
  readonly bytes: number;
  /** Of a certificate, as openssl prints it: CN=…, O=… */
  readonly subject?: string;
  readonly keyType?: string;
  /** ISO 8601, UTC. */
  readonly notAfter?: string;
  /** Of a certificate's hash: from when it is revoked, ISO 8601, UTC; missing: at all times. */
  readonly revokedFrom?: string;
}

export interface Update {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** The variable that the signature is for; null: it is for none under a signer that is known. */
  readonly variable: VariableName | null;
  readonly isAppended: boolean;
  /** Subjects of the certificates that it carries. */
  readonly signers: readonly string[];
}

export interface Description {
  readonly file: string;
  readonly kind: 'signature-list' | 'variable-update';
  readonly bytes: number;
  readonly update?: Update;
  readonly entries: readonly Entry[];
  /** What some firmware does not take. */
  readonly warnings: readonly string[];
}

/** Reads a file's bytes. `known` are certificates that may have signed it. Throws a StateError where it is neither. */
export async function describeFile(
  file: string,
  bytes: Buffer,
  known: readonly X509Certificate[],
  surroundings: Surroundings,
): Promise<Description> {
  const update = attempt(() => parseVariableUpdate(bytes));
  const payload = update ? update.payload : bytes;
  const signatures = attempt(() => parseSignatureLists(payload)) ?? attempt(() => withoutAttributes(payload));
  if (!signatures)
    throw new StateError(
      `"${file}" is neither a signature list nor a variable update`,
      'give an .esl or an .auth file',
    );
  const size = update ? warningOfSize(bytes.length, payload.length) : undefined;
  return {
    file,
    kind: update ? 'variable-update' : 'signature-list',
    bytes: bytes.length,
    ...(update ? { update: await describeUpdate(update, known, surroundings) } : {}),
    entries: signatures.map(describeEntry),
    warnings: [...(size === undefined ? [] : [size]), ...new Set(signatures.flatMap(warningsOf))],
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Linux' efivarfs puts the variable's attributes in front: four bytes, of which the lowest says non-volatile. */
function withoutAttributes(bytes: Buffer): Signature[] {
  const attributes = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if ((attributes & 1) === 0 || attributes > 0xff) throw new RangeError('no attributes');
  return parseSignatureLists(bytes.subarray(4));
}

export function describeEntry(signature: Signature): Entry {
  const { type, owner, data } = signature;
  const certificate = type === X509_GUID ? certificateIn(data) : undefined;
  const facts = certificate && describeCertificate(certificate.raw);
  const from = revokedFrom(signature);
  return {
    type: SIGNATURE_TYPES[type]?.name ?? type,
    owner,
    sha256: digestOf(signature),
    bytes: data.length,
    ...(certificate && facts
      ? { subject: oneLine(certificate.subject), keyType: facts.keyType, notAfter: facts.notAfter.toISOString() }
      : {}),
    ...(from === undefined ? {} : { revokedFrom: from }),
  };
}

const oneLine = (subject: string): string => subject.replaceAll('\n', ', ');

/** What some firmware does not take of an entry. */
export function warningsOf(signature: Signature): string[] {
  const doubt = doubtOf(signature);
  if (doubt === undefined) return [];
  return [isRefusedByEdk2(signature) ? `${doubt}; ${REFUSED_BY_EDK2}` : doubt];
}

function doubtOf(signature: Signature): string | undefined {
  const { type, data } = signature;
  const doubt = lengthFlaw(signature) ?? warningOfType(type);
  if (doubt !== undefined || type !== X509_GUID) return doubt;
  const certificate = certificateIn(data);
  return certificate
    ? warningOfCertificate(certificate)
    : `an entry of ${data.length} bytes says that it is a certificate, and is none`;
}

/** Who signed an update, and for which variable. */
export async function describeUpdate(
  update: VariableUpdate,
  known: readonly X509Certificate[],
  surroundings: Surroundings,
): Promise<Update> {
  return inTemporary(async folder => {
    const carried = await signersOf(update, folder, { ...surroundings, folder });
    const found = await purposeOf(update, [...carried, ...known], folder, surroundings);
    return {
      time: Number.isNaN(update.time.getTime()) ? '' : update.time.toISOString(),
      variable: found?.name ?? null,
      isAppended: found?.isAppended ?? false,
      signers: carried.map(({ subject }) => oneLine(subject)),
    };
  });
}

/** The certificates in the signature. */
async function signersOf(update: VariableUpdate, folder: string, inside: Surroundings): Promise<X509Certificate[]> {
  writeNew(join(folder, 'signed-data'), wrapSignedData(update.signedData));
  const print = command('openssl', ['pkcs7', '-inform', 'DER', '-in', 'signed-data', '-print_certs']);
  try {
    const blocks = certificateBlocks(await readCommand(print, 'certificates of the signature', inside));
    return blocks.flatMap(block => certificateIn(Buffer.from(block)) ?? []);
  } catch (error) {
    if (error instanceof CommandError || error instanceof RangeError) return [];
    throw error;
  }
}

/** The signature covers variable and attributes, which the file does not name: what fits is what it is for. */
async function purposeOf(
  update: VariableUpdate,
  signers: readonly X509Certificate[],
  folder: string,
  surroundings: Surroundings,
) {
  const purposes = VARIABLE_ORDER.flatMap(name => [false, true].map(isAppended => ({ name, isAppended })));
  const refusals = await Promise.all(
    purposes.map(each => refusalOfUpdate(update, each, signers, folder, surroundings)),
  );
  return purposes.find((_, i) => refusals[i] === undefined);
}
