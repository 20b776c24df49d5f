// Files for the kernel's integrity measurement architecture: evmctl makes the signature (security.ima) as a file.
// Source: evmctl(1), struct signature_v2_hdr of Linux' security/integrity/integrity.h.
import { verify, type X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StateError } from '../errors.ts';
import { KERNEL_KEYS, refusalOfKernel } from '../model/kernel.ts';
import { tokenUri } from '../model/token.ts';
import { commandWithKey } from '../plan/job.ts';
import { runCommand } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { writeNew } from '../store/files.ts';
import { absenceOf } from '../store/input-file.ts';
import { requireEngine } from '../store/token-road.ts';
import { refusalOfKernelKey } from './kernel-key.ts';
import { publishFile } from './output.ts';
import { refuseKey, type Signer, signsDigests } from './signer.ts';

/** Digests by enum hash_algo of Linux. */
const DIGESTS: Readonly<Record<number, string>> = {
  2: 'sha1',
  4: 'sha256',
  5: 'sha384',
  6: 'sha512',
  7: 'sha224',
};

/** Signs a file; `output` gets what security.ima is to hold. */
export async function signIma(file: string, output: string, digest: string, signer: Signer): Promise<void> {
  const { certificate, key, surroundings } = signer;
  refuseKey(certificate, "the kernel's IMA", KERNEL_KEYS, refusalOfKernel);
  if (keyIdentifier(certificate.certificate) === undefined)
    throw new StateError(
      `${certificate.file} ${NO_IDENTIFIER}`,
      'sign with a certificate that has one: --signer ENTITY',
    );
  if (key.token) requireEngine('evmctl', surroundings.environment);
  else if (key.passphrase !== undefined)
    throw new StateError(
      `the key of ${certificate.stem} is encrypted, and evmctl is told no passphrase`,
      'sign with a key in a token, or one that is not encrypted',
    );
  await inTemporary(async folder => {
    // evmctl writes beside the file, by its name; without -n it sets the attribute, too, which is root's to do.
    const copy = join(folder, 'file');
    copyFileSync(file, copy);
    writeNew(join(folder, 'certificate.pem'), certificate.certificate.toString());
    const from = key.token ? ['--engine', 'pkcs11', '--key', tokenUri(key.token)] : ['--key', key.file];
    const args = [
      ...['ima_sign', '-n', '--sigfile', '--hashalgo', digest],
      ...['--keyid-from-cert', join(folder, 'certificate.pem')],
    ];
    await runCommand(commandWithKey('evmctl', [...args, ...from, copy], key, certificate.file), output, surroundings);
    const signature = readFileSync(`${copy}.sig`);
    if (flawOfImaSignature(signature, readFileSync(copy), certificate.certificate) !== undefined)
      throw new StateError(`the signature of "${file}" does not fit ${certificate.file}: it was thrown away`);
    await publishFile(output, async draft => writeNew(draft, signature));
  });
}

const NO_IDENTIFIER = 'has no subjectKeyIdentifier, by whose end IMA finds the key';

/** The last four bytes of the subjectKeyIdentifier, hexadecimal, lower case; undefined: there is none. */
const keyIdentifier = ({ raw }: X509Certificate): string | undefined =>
  describeCertificate(raw).extensions.get('subjectKeyIdentifier')?.replaceAll(':', '').slice(-8).toLowerCase();

/**
 * Why a signature is none that the kernel takes by a certificate; undefined: it is one. It has version 2: type 3, version,
 * digest, the last four bytes of the key's identifier, length (big endian), signature; RSA signs as PKCS #1 v1.5.
 */
function flawOfImaSignature(bytes: Buffer, content: Buffer, certificate: X509Certificate): string | undefined {
  if (!isByKey(bytes, content, certificate)) return 'is no signature of it by this key';
  const [named, own] = [bytes.toString('hex', 3, 7), keyIdentifier(certificate)];
  if (own === undefined) return `is for a certificate that ${NO_IDENTIFIER}`;
  return named === own ? undefined : `names the key ${named}, and the certificate has ${own}: IMA does not find it`;
}

function isByKey(bytes: Buffer, content: Buffer, certificate: X509Certificate): boolean {
  const digest = DIGESTS[bytes[2] ?? 0];
  if (bytes.length < 9 || bytes[0] !== 3 || bytes[1] !== 2 || digest === undefined) return false;
  if (bytes.readUInt16BE(7) !== bytes.length - 9 || !signsDigests(certificate)) return false;
  return verify(digest, content, certificate.publicKey, bytes.subarray(9));
}

/** Why the kernel would refuse a file with this certificate in its keyring; undefined: it takes it. */
export function refusalOfIma(
  file: string,
  output: string | undefined,
  certificate: X509Certificate,
): string | undefined {
  const signature = output === undefined ? `${file}.sig` : resolve(output);
  const absence = absenceOf(signature);
  if (absence !== undefined) return `"${signature}" ${absence}`;
  const flaw = flawOfImaSignature(readFileSync(signature), readFileSync(file), certificate);
  return flaw === undefined ? refusalOfKernelKey(certificate) : `"${signature}" ${flaw}`;
}
