// Who signs an artifact: a certificate of a PKI directory whose key is there, or in a token.
import type { X509Certificate } from 'node:crypto';
import { keyOf } from '../authority/directory-key.ts';
import type { OpenDirectory } from '../authority/open.ts';
import { firstRevoked } from '../authority/revoked.ts';
import { StateError } from '../errors.ts';
import type { PrivateKey } from '../plan/private-key.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { type CertificateFile, findCertificate } from '../store/directory.ts';

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
  refuseExpired(certificate, `trustme-pki renew ${stem} --dir ${options.dir}`);
  refuseRevoked(certificate, directory.path, 'sign by another certificate: --signer ENTITY');
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

/** Throws where a CA of the directory has revoked it. */
export function refuseRevoked({ file, certificate }: CertificateFile, directory: string, hint: string): void {
  const revocation = firstRevoked(directory, [certificate]);
  if (revocation)
    throw new StateError(`${file} is revoked (${revocation.reason}): what it signs is for nobody to take`, hint);
}

/** Whether the key of a certificate signs digests, as RSA and EC keys do; others bring their own, or sign nothing (X25519). */
export const signsDigests = ({ raw }: X509Certificate): boolean => /^(rsa|ec):/.test(describeCertificate(raw).keyType);
