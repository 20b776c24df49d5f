// What the CAs of a directory have revoked of that which lies in it.
import { readRows } from '../authority/database.ts';
import { reasonOf } from '../authority/list.ts';
import { hasDatabase } from '../authority/old-directory.ts';
import { serialOf } from '../store/database-rows.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { hasIssued } from '../store/retired.ts';

/** Reasons (RFC 5280 5.3.1) by the stem of the certificate. */
export type Revoked = ReadonlyMap<string, string>;

export function revokedIn({ path, certificates }: PkiDirectory): Revoked {
  const revoked = new Map<string, string>();
  for (const ca of certificates.filter(({ certificate }) => certificate.ca)) {
    const rows = hasDatabase(path, ca.stem) ? readRows(path, ca.stem).filter(({ status }) => status === 'R') : [];
    const reasons = new Map(rows.map(({ serial, reason }) => [serial, reasonOf(reason)]));
    for (const { stem, certificate } of reasons.size > 0 ? certificates : []) {
      const reason = reasons.get(serialOf(certificate.serialNumber));
      if (reason !== undefined && hasIssued(path, ca, certificate)) revoked.set(stem, reason);
    }
  }
  return revoked;
}
