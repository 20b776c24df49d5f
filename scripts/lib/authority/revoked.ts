// What the CAs of a directory have revoked. Serial numbers are random: one certificate alone has each.
import type { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readContained } from '../store/contained-file.ts';
import { type DatabaseRow, parseIndex, serialOf } from '../store/database-rows.ts';
import { type PkiDirectory, readCertificateFile } from '../store/directory.ts';
import { isByKeyOf } from '../store/issuer.ts';
import { signedList } from '../store/revocation-list.ts';
import { authoritiesWithDatabase, readIndex } from './database.ts';
import { reasonOf } from './list.ts';

export interface Revocation {
  /** Stem of the CA that revoked it. */
  readonly ca: string;
  /** RFC 5280 5.3.1; from a list `certificateHold`, or the words that name the list. */
  readonly reason: string;
  readonly certificate: X509Certificate;
}

/**
 * The first of some certificates that a CA of the directory revoked, as its index says, or its list where it has no
 * database there; undefined: there is none. Each is read once.
 */
export function firstRevoked(path: string, certificates: readonly X509Certificate[]): Revocation | undefined {
  const databases = authoritiesWithDatabase(path);
  const bySerial = new Map(certificates.map(each => [serialOf(each.serialNumber), each]));
  const serials = [...bySerial.keys()];
  const indexed = databases.flatMap(ca =>
    // Most of a hundred thousand rows are of no interest.
    revokedRows(path, ca, text => serials.some(serial => text.includes(serial)))
      .filter(row => bySerial.has(row.serial))
      .map(row => ({ ca, reason: reasonOf(row.reason), certificate: bySerial.get(row.serial)! })),
  );
  const found = [...indexed, ...listsWithout(databases, path).flatMap(file => onList(path, file, certificates))];
  return certificates.flatMap(each => found.find(({ certificate }) => certificate === each) ?? [])[0];
}

/** Who only checks has certificates and lists alone. */
function listsWithout(databases: readonly string[], path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
  const isIndexed = (file: string) => databases.some(ca => file.startsWith(`${ca}.`));
  return readdirSync(path).filter(file => file.endsWith('.crl') && !isIndexed(file));
}

/** Of some certificates what is on a list that is signed by its CA, one of them or beside it; others' lists say nothing. */
function onList(path: string, file: string, certificates: readonly X509Certificate[]): Revocation[] {
  const ca = file.replace(/(\.[0-9A-F]+)?\.crl$/, '');
  const beside = readCertificateFile(path, `${ca}.cert`);
  const candidates = [...(beside ? [beside.certificate, ...beside.chain] : []), ...certificates];
  const found = readList(path, file, candidates);
  return certificates.flatMap(certificate => {
    const isForEver = found?.list.revoked.get(serialOf(certificate.serialNumber));
    if (!found || isForEver === undefined || !isByKeyOf(found.signer, certificate)) return [];
    return [{ ca, reason: isForEver ? `as ${file} says` : 'certificateHold', certificate }];
  });
}

function readList(path: string, file: string, candidates: readonly X509Certificate[]) {
  try {
    return signedList(readContained(path, file), candidates);
  } catch {
    return undefined;
  }
}

/** Reasons by stem, of the certificates that lie in the directory. */
export type Revoked = ReadonlyMap<string, string>;

export function revokedIn({ path, certificates }: PkiDirectory): Revoked {
  const rows = authoritiesWithDatabase(path).flatMap(ca => revokedRows(path, ca, text => /^R/m.test(text)));
  const reasons = new Map(rows.map(({ serial, reason }) => [serial, reasonOf(reason)]));
  return new Map(
    certificates.flatMap(({ stem, certificate }) => {
      const reason = reasons.get(serialOf(certificate.serialNumber));
      return reason === undefined ? [] : [[stem, reason] as const];
    }),
  );
}

/** Damage of an index is for `verify` to tell. */
function revokedRows(path: string, ca: string, isWorthIt: (text: string) => boolean): DatabaseRow[] {
  const text = readIndex(path, ca);
  return isWorthIt(text) ? parseIndex(text).rows.filter(({ status }) => status === 'R') : [];
}
