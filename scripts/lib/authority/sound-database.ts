// A database that lost something must not be worked with: a list or an answer made of it would say that what was revoked
// is not.
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StateError } from '../errors.ts';
import { wholeSerial } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { crlFile, keyFile, numberFile } from '../store/names.ts';
import { forgottenBy, publishedList, type RevocationList } from '../store/revocation-list.ts';
import { appendRows, indexFile, lacksLineEnd, readRows } from './database.ts';

/** Throws a StateError where the index of a CA has lines that are no rows. */
export function refuseMalformed(path: string, ca: string): void {
  readRows(path, ca, () => false);
}

/** Throws a StateError where the index of a CA does not know what its list has. */
export function refuseDamage(path: string, ca: CertificateFile): void {
  const list = publishedList(path, ca);
  if (list) refuseForgotten(path, ca, list, crlFile(ca.stem));
}

/**
 * Throws a StateError where a list of `number` (hexadecimal) would come after one of the same name in `folder` or in the
 * directory that knows of more revocations, or has that number or a higher one: who has that one does not take the new one
 * (RFC 5280 5.2.3).
 */
export function refuseOlder(path: string, ca: CertificateFile, folder: string, file: string, number: string): void {
  for (const each of new Set([path, folder])) {
    const place = [file, `${file}.der`].map(name => join(each, name)).find(found => existsSync(found));
    if (place === undefined) continue;
    const list = publishedList(path, ca, realpathSync(place)); // a link to the list of today, say
    const name = each === path ? basename(place) : place;
    // Whoever opened the CA has asked the list of the directory already, but not through a link.
    if (list && (name !== crlFile(ca.stem) || lstatSync(place).isSymbolicLink())) refuseForgotten(path, ca, list, name);
    if (list?.number === undefined || list.number < BigInt(`0x${number}`)) continue;
    const [has, next] = [list.number, list.number + 1n].map(each => wholeSerial(each.toString(16).toUpperCase()));
    throw new StateError(
      `the next list of ${ca.stem} would have the number ${number}, and "${name}" has ${has}: the database is older than that`,
      `restore the newer database from a backup; where there is none, revoke again what was revoked since, each by its certificate file, and write ${next} into "${numberFile(ca.stem)}"`,
    );
  }
}

function refuseForgotten(path: string, ca: CertificateFile, list: RevocationList, name: string): void {
  if (list.revoked.size === 0) return; // a hundred thousand rows are not read for nothing
  const rows = readRows(path, ca.stem, ({ serial }) => list.revoked.has(serial));
  const [first, ...others] = forgottenBy(rows, list);
  if (first === undefined) return;
  const which = `serial number ${wholeSerial(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  throw new StateError(
    `"${indexFile(ca.stem)}" does not know that ${which} is revoked, as "${name}" says: rows are lost`,
    name === crlFile(ca.stem)
      ? `restore the database from a backup; where that was done on purpose, move "${name}" away`
      : `restore the newer database from a backup; where there is none, revoke again, each by its certificate file, what that list has: openssl crl -in "${name}" -noout -text`,
  );
}

/**
 * The same before the database is written or openssl reads it; a last row without an end of line gets one. Where the key is
 * elsewhere, so is the newer database, and nothing is signed from this one.
 */
export function mendDatabase(path: string, ca: CertificateFile): void {
  if (existsSync(join(path, keyFile(ca.stem)))) refuseDamage(path, ca);
  if (lacksLineEnd(path, ca.stem)) appendRows(path, ca.stem, '');
}
