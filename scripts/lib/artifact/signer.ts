// Who signs an artifact: a certificate of a PKI directory whose key is there, or in a token.
import type { X509Certificate } from 'node:crypto';
import { keyOf } from '../authority/directory-key.ts';
import type { OpenDirectory } from '../authority/open.ts';
import { firstRevoked } from '../authority/revoked.ts';
import { StateError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import type { PrivateKey } from '../plan/private-key.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { type CertificateFile, findCertificate } from '../store/directory.ts';
import { issuersOf } from '../store/issuer.ts';

export interface Signer {
  readonly certificate: CertificateFile;
  readonly key: PrivateKey;
  /** Commands run in the PKI directory; other paths are absolute. */
  readonly surroundings: Surroundings;
}

/** Throws where it cannot sign. */
export function openSigner(open: OpenDirectory, name: string, controller: AbortController): Signer {
  const { directory, options } = open;
  const certificate = findCertificate(directory.certificates, name);
  const { stem } = certificate;
  if (!directory.keys.has(stem))
    throw new StateError(`the key of ${stem} is not in "${options.dir}"`, 'sign where the key is');
  refuseExpired(certificate, `trustme-pki renew ${stem} --dir ${shellWord(options.dir)}`);
  const above = issuersOf(certificate, directory.certificates).map(each => each.certificate);
  refuseRevoked(
    certificate,
    [...above, ...certificate.chain],
    directory.path,
    'sign by another certificate: --signer ENTITY',
  );
  return {
    certificate,
    key: keyOf(open, stem),
    surroundings: surroundingsIn(directory.path, options.environment, controller),
  };
}

export function refuseExpired({ file, certificate }: CertificateFile, hint: string): void {
  const end = new Date(certificate.validTo);
  if (end < new Date()) throw new StateError(`${file} has expired (${end.toISOString()})`, hint);
}

/** Throws where a CA of the directory has revoked it, or one of `above`. */
export function refuseRevoked(
  signer: CertificateFile,
  above: readonly X509Certificate[],
  directory: string,
  hint: string,
): void {
  const revocation = revocationOf(signer, above, directory);
  if (revocation !== undefined) throw new StateError(`${revocation}: what it signs is for nobody to take`, hint);
}

/** That a CA of the directory has revoked it, or one of `above`, as `NAME.cert is revoked (keyCompromise)`; undefined: none has. */
export function revocationOf(
  { file, certificate }: CertificateFile,
  above: readonly X509Certificate[],
  directory: string,
): string | undefined {
  const revocation = firstRevoked(directory, [certificate, ...above]);
  if (!revocation) return undefined;
  const { reason, certificate: revoked, ca } = revocation;
  const what =
    revoked === certificate ? 'is revoked' : `stands below ${revoked.subject.split('\n').at(-1)}, which ${ca} revoked`;
  return `${file} ${what} (${reason})`;
}

/** Whether the key of a certificate signs digests, as RSA and EC keys do; others bring their own, or sign nothing (X25519). */
export const signsDigests = ({ raw }: X509Certificate): boolean => /^(rsa|ec):/.test(describeCertificate(raw).keyType);

/**
 * Throws where a reader of signatures, such as "firmware", knows no key of its kind; `kinds` are those that it knows,
 * `refusal` says why it knows none of a type.
 */
export function refuseKey(
  { stem, certificate }: CertificateFile,
  reader: string,
  kinds: string,
  refusal?: (keyType: string, isPss: boolean) => string | undefined,
): void {
  const { keyType, isPssKey } = describeCertificate(certificate.raw);
  if (signsDigests(certificate) && !isPssKey && refusal?.(keyType, isPssKey) === undefined) return;
  throw new StateError(
    `${stem} has an ${isPssKey ? 'RSA-PSS' : keyType} key, and ${reader} knows none`,
    `sign with an ${kinds} key: --signer ENTITY`,
  );
}
