// EFI binaries: kernels and boot loaders, signed by sbsign and verified by sbverify as firmware would.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { readList } from '../check/lists.ts';
import { CommandError, StateError } from '../errors.ts';
import { derToPem } from '../model/pem.ts';
import { X509_GUID } from '../model/signature-list.ts';
import { tokenUri } from '../model/token.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { listFile } from '../store/names.ts';
import { publishFile } from './output.ts';
import type { Signer } from './signer.ts';

/** Adds a signature of each signer to a copy of `file`, which is `output`; each is verified before that appears. */
export async function signEfi(file: string, output: string, signers: readonly Signer[]): Promise<void> {
  for (const { certificate, key } of signers)
    if (key.passphrase !== undefined && !key.token)
      throw new StateError(
        `the key of ${certificate.stem} is encrypted, and sbsign cannot be told a passphrase`,
        'sign with a key in a token, or one that is not encrypted',
      );
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
  await runCommand(commandWithKey('sbsign', args, key), output, surroundings);
}

/** Asks sbverify about one certificate (PEM). */
async function isSignedBy(file: string, certificate: string, surroundings: Surroundings): Promise<boolean> {
  try {
    await inTemporary(async folder => {
      const path = join(folder, 'certificate.pem');
      writeNew(path, certificate);
      await runCommand(command('sbverify', ['--cert', path, file]), file, surroundings);
    });
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/** The certificates (PEM) of the db list of a directory. Throws a StateError where it is none. */
export function certificatesOfDb({ path }: PkiDirectory): string[] {
  const held = readList(path, DB_LIST);
  if (!Array.isArray(held)) throw new StateError(`"${DB_LIST}": ${held.message}`, held.hint);
  return held.filter(({ type }) => type === X509_GUID).map(({ data }) => derToPem('CERTIFICATE', data));
}

const DB_LIST = listFile('DB');

/** Why firmware with these certificates in db refuses the file; undefined: it runs it. */
export async function refusalOfEfi(
  file: string,
  certificates: readonly string[],
  surroundings: Surroundings,
): Promise<string | undefined> {
  for (const certificate of certificates) if (await isSignedBy(file, certificate, surroundings)) return undefined;
  return 'no certificate that is asked for has signed it';
}
