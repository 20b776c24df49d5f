// What the CAs of a directory have revoked of that which lies in it.
import { serialOf } from '../store/database-rows.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { hasIssued } from '../store/retired.ts';
import { readRows } from './database.ts';
import { reasonOf } from './list.ts';
import { hasDatabase } from './old-directory.ts';

/** Reasons (RFC 5280 5.3.1) by the stem of the certificate. */
export type Revoked = ReadonlyMap<string, string>;

export const revokedIn = ({ path, certificates }: PkiDirectory): Revoked =>
  new Map(certificates.filter(({ certificate }) => certificate.ca).flatMap(ca => revokedBy(path, ca, certificates)));

/** Why a certificate of the directory is revoked; undefined: it is not. Reads the indexes of CAs with its issuer's name alone. */
export function reasonToRevoke({ path, certificates }: PkiDirectory, own: CertificateFile): string | undefined {
  const issuers = certificates.filter(({ certificate }) => certificate.subject === own.certificate.issuer);
  return new Map(issuers.flatMap(ca => revokedBy(path, ca, [own]))).get(own.stem);
}

function revokedBy(path: string, ca: CertificateFile, among: readonly CertificateFile[]): [string, string][] {
  const rows = hasDatabase(path, ca.stem) ? readRows(path, ca.stem).filter(({ status }) => status === 'R') : [];
  const reasons = new Map(rows.map(({ serial, reason }) => [serial, reasonOf(reason)]));
  if (reasons.size === 0) return [];
  return among.flatMap(({ stem, certificate }): [string, string][] => {
    const reason = reasons.get(serialOf(certificate.serialNumber));
    return reason !== undefined && hasIssued(path, ca, certificate) ? [[stem, reason]] : [];
  });
}
