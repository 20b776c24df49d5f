// What the CAs of a directory have revoked, by their databases; those whose keys are elsewhere, by their lists. Serial
// numbers are random: one certificate alone has each.
import type { X509Certificate } from 'node:crypto';
import { type DatabaseRow, parseIndex, serialOf } from '../store/database-rows.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { listsElsewhere, reasonOn } from '../store/lists-elsewhere.ts';
import { authoritiesWithDatabase, readIndex } from './database.ts';
import { reasonOf } from './list.ts';

export interface Revocation {
  /** Stem of the CA that revoked it. */
  readonly ca: string;
  /** RFC 5280 5.3.1; from a list `certificateHold` or `unspecified`. */
  readonly reason: string;
  readonly certificate: X509Certificate;
}

/**
 * The first of some certificates that a CA of the directory revoked, as its index says, or its list where its key is
 * elsewhere; undefined: there is none. Each is read once.
 */
export function firstRevoked(path: string, certificates: readonly X509Certificate[]): Revocation | undefined {
  const bySerial = new Map(certificates.map(each => [serialOf(each.serialNumber), each]));
  const serials = [...bySerial.keys()];
  const found: Revocation[] = authoritiesWithDatabase(path).flatMap(ca =>
    // Most of a hundred thousand rows are of no interest.
    revokedRows(path, ca, text => serials.some(serial => text.includes(serial)))
      .filter(row => bySerial.has(row.serial))
      .map(row => ({ ca, reason: reasonOf(row.reason), certificate: bySerial.get(row.serial)! })),
  );
  for (const list of listsElsewhere(path))
    for (const certificate of certificates) {
      const reason = reasonOn(path, list, certificate);
      if (reason) found.push({ ca: list.ca.stem, reason, certificate });
    }
  return certificates.flatMap(each => found.find(({ certificate }) => certificate === each) ?? [])[0];
}

/** Reasons by stem, of the certificates that lie in the directory. */
export type Revoked = ReadonlyMap<string, string>;

export function revokedIn({ path, certificates }: PkiDirectory): Revoked {
  const rows = authoritiesWithDatabase(path).flatMap(ca => revokedRows(path, ca, text => /^R/m.test(text)));
  const reasons = new Map(rows.map(({ serial, reason }) => [serial, reasonOf(reason)]));
  const lists = listsElsewhere(path);
  const onList = (certificate: X509Certificate) => lists.map(each => reasonOn(path, each, certificate)).find(Boolean);
  return new Map(
    certificates.flatMap(({ stem, certificate }) => {
      const reason = reasons.get(serialOf(certificate.serialNumber)) ?? onList(certificate);
      return reason === undefined ? [] : [[stem, reason] as const];
    }),
  );
}

/** Damage of an index is for `verify` to tell. */
function revokedRows(path: string, ca: string, isWorthIt: (text: string) => boolean): DatabaseRow[] {
  const text = readIndex(path, ca);
  return isWorthIt(text) ? parseIndex(text).rows.filter(({ status }) => status === 'R') : [];
}
