// Certificates of ours that firmware would trust and that are revoked: what dbx is to forbid.
import type { X509Certificate } from 'node:crypto';
import { readRows } from '../authority/database.ts';
import { hasDatabase } from '../authority/old-directory.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { type Signature, X509_GUID } from '../model/signature-list.ts';
import { isBelow } from '../plan/renewal.ts';
import { certificateIn } from '../store/certificate.ts';
import { readContained, refusalToRead } from '../store/contained-file.ts';
import { type DatabaseRow, isHeld, serialOf } from '../store/database-rows.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { mayHaveIssued } from '../store/issuer.ts';
import { issuedFile } from '../store/names.ts';
import { retiredCertificates } from '../store/retired.ts';

export interface Revoked {
  readonly entries: readonly Signature[];
  /** Serial numbers of certificates that are revoked, and whose certificate is not here. */
  readonly lost: readonly string[];
}

/**
 * What db holds, held or leads to: a certificate in db lets everything boot that was signed by what it issued. On hold is
 * not revoked: what firmware forbids, it forbids for good.
 */
export function revokedForFirmware(directory: PkiDirectory, hierarchy: Hierarchy, owner: string): Revoked {
  const db = [...hierarchy.values()].find(({ variable }) => variable?.name === 'db');
  const trusted = new Set(db?.variable?.contains ?? []);
  const entities = [...hierarchy.values()];
  const below = entities.filter(each => trusted.has(each.stem) || isBelow(each, trusted, hierarchy));
  const issuing = new Set(below.map(({ stem }) => stem));
  const cas = new Set([...issuing, ...[...trusted].map(stem => hierarchy.get(stem)!.issuer)]);
  const inDb = [...trusted].flatMap(stem => certificatesOf(directory, stem));
  const entries: Signature[] = [];
  const lost: string[] = [];
  for (const ca of cas) {
    const isOwn = issuing.has(ca);
    const rows = hasDatabase(directory.path, ca) ? readRows(directory.path, ca) : [];
    for (const row of rows.filter(isForGood)) {
      const held = inDb.find(each => serialOf(each.serialNumber) === row.serial);
      // Of what a CA outside db issued, only what was in db itself is firmware's concern.
      const certificate = held ?? (isOwn ? issued(directory, ca, row.serial) : undefined);
      if (certificate) entries.push({ type: X509_GUID, owner, data: certificate.raw });
      else if (isOwn) lost.push(row.serial);
    }
  }
  return { entries, lost };
}

const isForGood = (row: DatabaseRow): boolean => row.status === 'R' && !isHeld(row);

const certificatesOf = ({ path, certificates }: PkiDirectory, stem: string): X509Certificate[] => [
  ...certificates.filter(each => each.stem === stem).map(({ certificate }) => certificate),
  ...retiredCertificates(path, stem),
];

function issued({ path, certificates }: PkiDirectory, ca: string, serial: string): X509Certificate | undefined {
  const file = issuedFile(ca, serial);
  const kept = refusalToRead(path, file) === undefined ? certificateIn(readContained(path, file)) : undefined;
  if (kept) return kept;
  const authority = certificates.find(({ stem }) => stem === ca)?.certificate;
  return certificates.find(
    ({ certificate }) =>
      serialOf(certificate.serialNumber) === serial && authority !== undefined && mayHaveIssued(authority, certificate),
  )?.certificate;
}
