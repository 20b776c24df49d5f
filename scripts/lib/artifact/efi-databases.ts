// Would firmware with some db and dbx run an EFI binary? As DxeImageVerificationLib of EDK2 finds it out.
// Source: UEFI specification 2.10, 32.4.1 and 32.5.3.3.
import type { X509Certificate } from 'node:crypto';
import { refuseLost, requireList } from '../check/lists.ts';
import { warningOfType } from '../model/firmware.ts';
import { derToPem } from '../model/pem.ts';
import { SIGNATURE_TYPES, type Signature, X509_GUID } from '../model/signature-list.ts';
import { DBX } from '../model/uefi.ts';
import type { Surroundings } from '../run/exec.ts';
import { certificateIn } from '../store/certificate.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { listFile } from '../store/names.ts';
import { revokedFrom, revokesByHash } from '../store/signature-digest.ts';
import { hashOfImage, type Image } from './authenticode.ts';
import { findImage, refusalOfImage } from './efi.ts';
import { digestsOf, type EfiSignature, isSignedBy, signaturesOf } from './efi-signature.ts';

/** What firmware goes by. */
export interface Databases {
  readonly db: readonly Signature[];
  readonly dbx: readonly Signature[];
}

/** Those of a directory. Throws a StateError where a list is none, or lacks what was in it. */
export function databasesOf(directory: PkiDirectory): Databases {
  const { path, lists } = directory;
  const read = (stem: string): readonly Signature[] => {
    refuseLost(directory, stem, []);
    return lists.has(stem) ? requireList(path, listFile(stem)) : [];
  };
  return { db: read('DB'), dbx: read(DBX) };
}

/** Why firmware with these databases refuses the file; undefined: it runs it. What dbx has, db does not help. */
export async function refusalByDatabases(
  file: string,
  { db, dbx }: Databases,
  surroundings: Surroundings,
  warn: (text: string) => void,
): Promise<string | undefined> {
  const image = findImage(file);
  if (typeof image === 'string') return image;
  const signatures = signaturesOf(image);
  const isItsHash = hashesOf(image, signatures);
  if (dbx.some(isItsHash)) return 'dbx has its hash';
  for (const { certificate, pem } of certificatesIn(dbx))
    if (await isSignedBy(image, signatures, pem, surroundings))
      return `dbx has a certificate that signed it: ${oneLine(certificate.subject)}`;
  // EDK2 asks for the hashes of who signed it, and below of the certificate of db: not of what stands between.
  const signers = signatures.flatMap(({ chain }) => chain.slice(0, 1));
  const revoked = signers.map(each => revocationOf(each, dbx));
  const revocation = revoked.find(each => each !== undefined);
  if (revocation !== undefined) return revocation;
  const allowed = db.find(isItsHash);
  const trusted = certificatesIn(db).map(({ certificate, pem }) => ({
    pem,
    revocation: revocationOf(certificate, dbx),
  }));
  const refusal = allowed ? undefined : await refusalOfImage(image, trusted, surroundings, warn);
  if (refusal !== undefined) return refusal;
  const between = signatures
    .flatMap(({ chain }) => chain.slice(1))
    .filter(each => revocationOf(each, dbx) !== undefined);
  for (const warning of [...doubtsOf(dbx, allowed), ...between.map(unaskedHash)]) warn(`${file}: ${warning}`);
  return undefined;
}

/** That dbx has the hash of a certificate's signed part; undefined: it has not. */
function revocationOf({ raw, subject }: X509Certificate, dbx: readonly Signature[]): string | undefined {
  for (const entry of dbx) {
    if (!revokesByHash(entry, raw)) continue;
    const from = revokedFrom(entry);
    const told = `dbx has the hash of a certificate that signed it, or leads to who did: ${oneLine(subject)}`;
    return from === undefined
      ? told
      : `${told}; revoked as of ${from.slice(0, 10)}: a time stamp from before that, by one of dbt, is not looked at`;
  }
  return undefined;
}

const unaskedHash = ({ subject }: X509Certificate): string =>
  `dbx has the hash of ${oneLine(subject)}, which issued who signed it, and EDK2 does not ask for that: "uefi add dbx" the certificate itself`;

/** Why firmware may refuse what was found good. */
function doubtsOf(dbx: readonly Signature[], allowed: Signature | undefined): string[] {
  const unusual = allowed && warningOfType(allowed.type);
  const unknown = dbx.flatMap(({ type }) => {
    const { name = type, imageDigest, certificateDigest } = SIGNATURE_TYPES[type] ?? {};
    return type === X509_GUID || imageDigest || certificateDigest ? [] : name;
  });
  return [
    ...(unusual === undefined ? [] : [`db has its hash, and ${unusual}`]),
    ...[...new Set(unknown)].map(name => `dbx has entries of type ${name}: whether they forbid it is not looked at`),
  ];
}

/** Whether an entry is a hash of the image, by a digest that firmware looks for. */
function hashesOf(image: Image, signatures: readonly EfiSignature[]): (entry: Signature) => boolean {
  const hashes = new Map(digestsOf(image, signatures).map(digest => [digest, hashOfImage(image, digest)]));
  return ({ type, data }) => hashes.get(SIGNATURE_TYPES[type]?.imageDigest ?? '')?.equals(data) === true;
}

/** What says that it is a certificate and is none has signed nothing: firmware passes over it. */
const certificatesIn = (signatures: readonly Signature[]) =>
  signatures
    .filter(({ type }) => type === X509_GUID)
    .flatMap(({ data }) => {
      const certificate = certificateIn(data);
      return certificate ? [{ certificate, pem: derToPem('CERTIFICATE', data) }] : [];
    });

const oneLine = (subject: string): string => subject.replaceAll('\n', ', ');
