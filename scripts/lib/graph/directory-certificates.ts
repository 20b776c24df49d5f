// Every certificate of a PKI directory once: those with a file of their own, then those that only stand in a chain.
import type { X509Certificate } from 'node:crypto';
import { type CertificateFacts, describeCertificate } from '../store/certificate-facts.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { isSelfSigned, type Known } from './link.ts';

export interface Held extends Known {
  /** The file that holds it, first or in its chain. */
  readonly file: string;
  /** Names its other files; undefined where it stands in a chain alone. */
  readonly stem: string | undefined;
  /** Files that hold the same certificate once more. */
  readonly copies: readonly string[];
  readonly isSelfSigned: boolean;
}

export function collectCertificates({ certificates }: PkiDirectory): Held[] {
  const files = new Map<string, CertificateFile[]>();
  for (const each of certificates) {
    const print = each.certificate.fingerprint256;
    files.set(print, [...(files.get(print) ?? []), each]);
  }
  const own = [...files.values()].map(([first, ...copies]) => hold(first!, copies));
  const chained = new Map<string, Held>();
  for (const { file, chain } of certificates)
    for (const certificate of chain)
      if (!files.has(certificate.fingerprint256) && !chained.has(certificate.fingerprint256))
        chained.set(certificate.fingerprint256, holdChained(file, certificate));
  return [...own, ...chained.values()];
}

const hold = ({ file, stem, certificate }: CertificateFile, copies: readonly CertificateFile[]): Held => ({
  file,
  stem,
  copies: copies.map(copy => copy.file),
  ...known(certificate),
});

const holdChained = (file: string, certificate: X509Certificate): Held => ({
  file,
  stem: undefined,
  copies: [],
  ...known(certificate),
});

function known(certificate: X509Certificate): Known & { readonly isSelfSigned: boolean } {
  const facts: CertificateFacts = describeCertificate(certificate.raw);
  return { certificate, facts, isSelfSigned: isSelfSigned({ certificate, facts }) };
}
