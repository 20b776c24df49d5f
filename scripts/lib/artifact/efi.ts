// EFI binaries: kernels and boot loaders, signed by sbsign and verified by sbverify as firmware would.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuseLost, requireList } from '../check/lists.ts';
import { CommandError, StateError } from '../errors.ts';
import { derToPem } from '../model/pem.ts';
import { SHA256_GUID, type Signature, X509_GUID } from '../model/signature-list.ts';
import { tokenUri } from '../model/token.ts';
import { DBX } from '../model/uefi.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { certificateIn, parseCertificate } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { listFile } from '../store/names.ts';
import { isOwnDigestName } from '../store/oid-names.ts';
import { requireEngine } from '../store/token-road.ts';
import { explainSystemError } from '../system-error.ts';
import { hashOfImage, readImage } from './authenticode.ts';
import { warningOfCertificate } from './firmware-key.ts';
import { publishFile } from './output.ts';
import { flawOfBinary } from './pe.ts';
import type { Signer } from './signer.ts';

/** Adds a signature of each signer to a copy of `file`, which is `output`; each is verified before that appears. */
export async function signEfi(file: string, output: string, signers: readonly Signer[]): Promise<void> {
  const flaw = flawOfBinary(file);
  if (flaw !== undefined)
    throw new StateError(
      `"${file}" ${flaw}`,
      'give a kernel with EFI stub, a unified kernel image or a boot loader, as it was built',
    );
  for (const { certificate, key, surroundings } of signers) {
    const { keyType, isPssKey } = describeCertificate(certificate.certificate.raw);
    if (isPssKey || isOwnDigestName(keyType))
      throw new StateError(
        `${certificate.stem} has an ${isPssKey ? 'RSA-PSS' : keyType} key, and firmware knows none`,
        'sign with an RSA key: --signer ENTITY',
      );
    if (key.token) requireEngine('sbsign', surroundings.environment);
    else if (key.passphrase !== undefined)
      throw new StateError(
        `the key of ${certificate.stem} is encrypted, and sbsign cannot be told a passphrase`,
        'sign with a key in a token, or one that is not encrypted',
      );
  }
  await publishFile(output, async draft => {
    copyFileSync(file, draft);
    for (const signer of signers) await addSignature(draft, output, signer);
    for (const { certificate, surroundings } of signers)
      if (!(await isSignedBy(draft, certificate.certificate.toString(), surroundings)))
        throw new StateError(
          `sbverify does not take the signature by ${certificate.stem}: "${output}" was not written`,
          'a CA needs digitalSignature in its keyUsage to sign EFI binaries',
        );
  });
}

async function addSignature(draft: string, output: string, { certificate, key, surroundings }: Signer): Promise<void> {
  const from = key.token ? ['--engine', 'pkcs11', '--key', tokenUri(key.token)] : ['--key', key.file];
  const args = [...from, '--cert', certificate.file, '--output', draft, draft];
  await runCommand(commandWithKey('sbsign', args, key, certificate.file), output, surroundings);
}

/** Asks sbverify about one certificate (PEM). */
const isSignedBy = async (file: string, certificate: string, surroundings: Surroundings): Promise<boolean> =>
  (await refusalBy(file, certificate, surroundings)) === undefined;

/** What sbverify says; undefined: that one signed it. */
async function refusalBy(file: string, certificate: string, surroundings: Surroundings): Promise<string | undefined> {
  try {
    await inTemporary(async folder => {
      const path = join(folder, 'certificate.pem');
      writeNew(path, certificate);
      await runCommand(command('sbverify', ['--cert', path, file]), file, surroundings);
    });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}

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
  const unfit = unfitness(file);
  if (unfit !== undefined) return unfit;
  const asksForHash = [...db, ...dbx].some(({ type }) => type === SHA256_GUID);
  const hash = asksForHash ? hashOfImage(readImage(file)) : undefined;
  const isHash = ({ type, data }: Signature) => type === SHA256_GUID && hash?.equals(data) === true;
  if (dbx.some(isHash)) return 'dbx has its hash';
  for (const { subject, pem } of certificatesIn(dbx))
    if (await isSignedBy(file, pem, surroundings)) return `dbx has a certificate that signed it: ${subject}`;
  if (db.some(isHash)) return undefined;
  return refusalOfEfi(
    file,
    certificatesIn(db).map(({ pem }) => pem),
    surroundings,
    warn,
  );
}

/** What says that it is a certificate and is none has signed nothing: firmware passes over it. */
const certificatesIn = (signatures: readonly Signature[]) =>
  signatures
    .filter(({ type }) => type === X509_GUID)
    .flatMap(({ data }) => {
      const subject = certificateIn(data)?.subject.replaceAll('\n', ', ');
      return subject === undefined ? [] : [{ subject, pem: derToPem('CERTIFICATE', data) }];
    });

/** Why nothing of it can be asked; undefined: it is an EFI binary that can be read. */
function unfitness(file: string): string | undefined {
  try {
    const flaw = flawOfBinary(file);
    return flaw && `it ${flaw}`;
  } catch (error) {
    const told = explainSystemError(error);
    if (!told) throw error;
    return told.message;
  }
}

/** Why it is not signed by one of these certificates (PEM); undefined: it is. What sbverify takes and some firmware not is told. */
export async function refusalOfEfi(
  file: string,
  certificates: readonly string[],
  surroundings: Surroundings,
  warn: (text: string) => void,
): Promise<string | undefined> {
  const unfit = unfitness(file);
  if (unfit !== undefined) return unfit;
  for (const certificate of certificates) {
    const said = await refusalBy(file, certificate, surroundings);
    if (said === undefined) {
      const warning = warningOfCertificate(parseCertificate(certificate));
      if (warning !== undefined) warn(warning);
      return undefined;
    }
    if (/Hash doesn't match image/.test(said)) return 'it was changed after it was signed';
  }
  return 'no certificate that is asked for has signed it';
}
