// EFI binaries: kernels and boot loaders, signed by sbsign, and verified as firmware would.
import { copyFileSync } from 'node:fs';
import { StateError } from '../errors.ts';
import { tokenUri } from '../model/token.ts';
import { commandWithKey } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { parseCertificate } from '../store/certificate.ts';
import { requireEngine } from '../store/token-road.ts';
import { explainSystemError } from '../system-error.ts';
import { type Image, readImage } from './authenticode.ts';
import { flawOfTable, refusalOfSignature, signaturesOf } from './efi-signature.ts';
import { warningOfCertificate } from './firmware-key.ts';
import { publishFile } from './output.ts';
import { flawOfBinary } from './pe.ts';
import { refuseKey, type Signer } from './signer.ts';

/** Adds a signature of each signer to a copy of `file`, which is `output`; each is verified before that appears. */
export async function signEfi(file: string, output: string, signers: readonly Signer[]): Promise<void> {
  const unsigned = imageIn(file);
  if (typeof unsigned === 'string')
    throw new StateError(
      `"${file}" ${unsigned}`,
      'give a kernel with EFI stub, a unified kernel image or a boot loader, as it was built',
    );
  for (const { certificate, key, surroundings } of signers) {
    refuseKey(certificate, 'firmware', 'RSA');
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
    const image = readImage(draft);
    for (const signer of signers) await proveSigned(image, output, signer);
  });
}

async function proveSigned(image: Image, output: string, { certificate, surroundings }: Signer): Promise<void> {
  let said = 'it finds no signature';
  for (const each of signaturesOf(image)) {
    const refusal = await refusalOfSignature(image, each, certificate.certificate.toString(), surroundings);
    if (refusal === undefined) return;
    said = refusal;
  }
  throw new StateError(
    `the signature by ${certificate.stem} does not verify: "${output}" was not written`,
    `openssl says: ${said.trim().split('\n').join('; ')}`,
  );
}

async function addSignature(draft: string, output: string, { certificate, key, surroundings }: Signer): Promise<void> {
  const from = key.token ? ['--engine', 'pkcs11', '--key', tokenUri(key.token)] : ['--key', key.file];
  const args = [...from, '--cert', certificate.file, '--output', draft, draft];
  await runCommand(commandWithKey('sbsign', args, key, certificate.file), output, surroundings);
}

/** The image in a file, or why firmware does not load it, as `is no EFI binary …`. */
function imageIn(file: string): Image | string {
  const flaw = flawOfBinary(file);
  if (flaw !== undefined) return flaw;
  const image = readImage(file);
  return flawOfTable(image) ?? image;
}

/** The image in a file, or why nothing of it can be asked. */
export function findImage(file: string): Image | string {
  try {
    const image = imageIn(file);
    return typeof image === 'string' ? `it ${image}` : image;
  } catch (error) {
    const told = explainSystemError(error);
    if (!told) throw error;
    return told.message;
  }
}

/** A certificate in the order of db; `revocation` says why what it verifies is refused all the same. */
interface Trusted {
  readonly pem: string;
  readonly revocation?: string | undefined;
}

/** Why it is not signed by one of these certificates (PEM); undefined: it is. What some firmware does not take is told. */
export async function refusalOfEfi(
  file: string,
  certificates: readonly string[],
  surroundings: Surroundings,
  warn: (text: string) => void,
): Promise<string | undefined> {
  const image = findImage(file);
  if (typeof image === 'string') return image;
  return refusalOfImage(
    image,
    certificates.map(pem => ({ pem })),
    surroundings,
    warn,
  );
}

/** The same of an image. Of a signature, EDK2 goes by the first certificate that verifies it (IsAllowedByDb), and asks no other. */
export async function refusalOfImage(
  image: Image,
  certificates: readonly Trusted[],
  surroundings: Surroundings,
  warn: (text: string) => void,
): Promise<string | undefined> {
  let revoked: string | undefined;
  const signatures = signaturesOf(image);
  // Those that all firmware knows come first, so that no other is told where one of them is enough.
  const inOrder = [...signatures].sort((a, b) => Number(a.digest !== 'sha256') - Number(b.digest !== 'sha256'));
  for (const signature of inOrder)
    for (const { pem, revocation } of certificates)
      if ((await refusalOfSignature(image, signature, pem, surroundings)) === undefined) {
        if (revocation !== undefined) {
          revoked ??= revocation;
          break;
        }
        const warning = warningOfCertificate(parseCertificate(pem));
        if (warning !== undefined) warn(warning);
        if (signature.digest !== 'sha256')
          warn(`${image.file}: not every UEFI firmware verifies its signature, which is of a ${signature.digest} hash`);
        return undefined;
      }
  if (revoked !== undefined) return revoked;
  return signatures.length > 0 && signatures.every(({ isStale }) => isStale)
    ? 'it was changed after it was signed'
    : 'no certificate that is asked for has signed it';
}
