// PEM blocks into certificates, each parsed once a run: the same few are looked at by index, checks and manifest.
import { X509Certificate } from 'node:crypto';

const parsed = new Map<string, X509Certificate>();

/** The certificate of a PEM block. Throws where it is none. */
export function parseCertificate(block: string): X509Certificate {
  const certificate = parsed.get(block) ?? new X509Certificate(block);
  parsed.set(block, certificate);
  return certificate;
}
