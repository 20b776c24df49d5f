// A database that lost something must not be worked with: a list or an answer made of it would say that what was revoked
// is not.
import { StateError } from '../errors.ts';
import { wholeSerial } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { crlFile } from '../store/names.ts';
import { forgottenBy, publishedList } from '../store/revocation-list.ts';
import { appendRows, indexFile, lacksLineEnd, readRows } from './database.ts';

/** Throws a StateError where the index of a CA has lines that are no rows. */
export function refuseMalformed(path: string, ca: string): void {
  readRows(path, ca, () => false);
}

/** Throws a StateError where the index of a CA does not know what its list has. */
export function refuseDamage(path: string, ca: CertificateFile): void {
  const list = publishedList(path, ca);
  if (!list || list.revoked.size === 0) return; // a hundred thousand rows are not read for nothing
  const rows = readRows(path, ca.stem, ({ serial }) => list.revoked.has(serial));
  const [first, ...others] = forgottenBy(rows, list);
  if (first === undefined) return;
  const which = `serial number ${wholeSerial(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  throw new StateError(
    `"${indexFile(ca.stem)}" does not know that ${which} is revoked, as "${crlFile(ca.stem)}" says: rows are lost`,
    `restore the database from a backup; where that was done on purpose, move "${crlFile(ca.stem)}" away`,
  );
}

/** The same before the database is written or openssl reads it; a last row without an end of line gets one. */
export function mendDatabase(path: string, ca: CertificateFile): void {
  refuseDamage(path, ca);
  if (lacksLineEnd(path, ca.stem)) appendRows(path, ca.stem, '');
}
