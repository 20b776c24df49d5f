// Would firmware with some db and dbx run an EFI binary? As DxeImageVerificationLib of EDK2 finds it out.
// Source: UEFI specification 2.10, 32.4.1 and 32.5.3.3.
import { refuseLost, requireList } from '../check/lists.ts';
import { warningOfType } from '../model/firmware.ts';
import { derToPem } from '../model/pem.ts';
import { SIGNATURE_TYPES, type Signature, X509_GUID } from '../model/signature-list.ts';
import { DBX } from '../model/uefi.ts';
import type { Surroundings } from '../run/exec.ts';
import { certificateIn } from '../store/certificate.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { listFile } from '../store/names.ts';
import { hashOfImage, type Image } from './authenticode.ts';
import { findImage, refusalOfImage } from './efi.ts';
import { isSignedBy, signaturesOf } from './efi-signature.ts';

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
  const isItsHash = hashesOf(image);
  if (dbx.some(isItsHash)) return 'dbx has its hash';
  const signatures = signaturesOf(image);
  for (const { subject, pem } of certificatesIn(dbx))
    if (await isSignedBy(image, signatures, pem, surroundings))
      return `dbx has a certificate that signed it: ${subject}`;
  const allowed = db.find(isItsHash);
  const certificates = certificatesIn(db).map(({ pem }) => pem);
  const refusal = allowed ? undefined : await refusalOfImage(image, certificates, surroundings, warn);
  if (refusal !== undefined) return refusal;
  const unusual = allowed && warningOfType(allowed.type);
  if (unusual !== undefined) warn(`${file}: db has its hash, and ${unusual}`);
  return undefined;
}

/** Whether an entry is a hash of the image, by any digest that UEFI has a type for. */
function hashesOf(image: Image): (entry: Signature) => boolean {
  const known = new Map<string, Buffer>();
  return ({ type, data }) => {
    const digest = SIGNATURE_TYPES[type]?.imageDigest;
    if (digest === undefined) return false;
    const hash = known.get(digest) ?? hashOfImage(image, digest);
    known.set(digest, hash);
    return hash.equals(data);
  };
}

/** What says that it is a certificate and is none has signed nothing: firmware passes over it. */
const certificatesIn = (signatures: readonly Signature[]) =>
  signatures
    .filter(({ type }) => type === X509_GUID)
    .flatMap(({ data }) => {
      const subject = certificateIn(data)?.subject.replaceAll('\n', ', ');
      return subject === undefined ? [] : [{ subject, pem: derToPem('CERTIFICATE', data) }];
    });
