// The index of a CA's database: rows read, looked up and changed; written whole, so that it is never half there.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { type DatabaseRow, parseIndex } from '../store/database-rows.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { draftsLeft } from '../store/draft.ts';
import { crlFile, databaseFolder, HIDDEN, numberFile } from '../store/names.ts';
import { replaceBy, replaceFile } from '../store/replace-file.ts';
import { systemReason } from '../system-error.ts';

export const indexFile = (ca: string): string => `${databaseFolder(ca)}/index.txt`;

/** The CAs of a directory that have a database, by stem. */
export const authoritiesWithDatabase = (path: string): string[] =>
  (existsSync(join(path, HIDDEN)) ? readdirSync(join(path, HIDDEN), { withFileTypes: true }) : [])
    .filter(entry => entry.isDirectory() && existsSync(join(path, indexFile(entry.name))))
    .map(({ name }) => name);

/** Certificates in their order, but first those that a CA signs by: a cross-certificate has neither key nor database. */
export function signersFirst(
  { path, keys }: Pick<PkiDirectory, 'path' | 'keys'>,
  certificates: readonly CertificateFile[],
): CertificateFile[] {
  const signers = new Set([...keys, ...authoritiesWithDatabase(path)]);
  return [...certificates].sort((a, b) => Number(signers.has(b.stem)) - Number(signers.has(a.stem)));
}

/** Removes what a killed run was about to put in the place of a CA's lists and numbers. Call it with the CA locked. */
export function removeDrafts(path: string, ca: string): void {
  for (const file of [indexFile(ca), numberFile(ca), crlFile(ca), `${crlFile(ca)}.der`])
    for (const draft of draftsLeft(join(path, file))) rmSync(draft, { force: true });
}

/** Adds rows by the way of `replaceFile`; the old ones do not pass through this process. */
export function appendRows(path: string, ca: string, rows: string): void {
  const index = join(path, indexFile(ca));
  replaceBy(index, draft => copyWithRows(index, draft, rows));
}

/** A copy of an index with more rows, synced. The last row of an edited index may lack its end of line. */
export function copyWithRows(index: string, copy: string, rows: string): void {
  copyFileSync(index, copy);
  const descriptor = openSync(copy, 'a+');
  try {
    writeFileSync(descriptor, `${endsInRow(descriptor) ? '\n' : ''}${rows}`, 'latin1');
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function endsInRow(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
  return size > 0 && last.toString('latin1') !== '\n';
}

/** Whether the last row of a CA lacks its end of line: openssl passes over such a row without a word. */
export function lacksLineEnd(path: string, ca: string): boolean {
  const descriptor = openSync(join(path, indexFile(ca)), 'r');
  try {
    return endsInRow(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The rows of a CA, or those that are wanted. Throws a StateError where a line is none: such a database must not be
 * written again.
 */
export function readRows(path: string, ca: string, isWanted?: (row: DatabaseRow) => boolean): readonly DatabaseRow[] {
  const { rows, malformed } = parseIndex(readIndex(path, ca), isWanted);
  const [first] = malformed;
  if (first)
    throw new StateError(
      `"${indexFile(ca)}" line ${first.line}: ${first.reason}`,
      'restore the database from a backup',
    );
  return rows;
}

/** Its text. Throws a StateError where there is none to read. */
export function readIndex(path: string, ca: string): string {
  try {
    return readFileSync(join(path, indexFile(ca)), 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StateError(`cannot read "${indexFile(ca)}": ${systemReason(code)}`, 'restore the database from a backup');
  }
}

/** Changes rows, each by its line number, and adds some; all other lines stay as they are. The last one has to be ended. */
export function changeRows(
  path: string,
  ca: string,
  changes: ReadonlyMap<number, (row: string) => string>,
  added: readonly string[],
): void {
  const lines = readIndex(path, ca).split('\n');
  for (const [line, change] of changes) lines[line - 1] = change(lines[line - 1]!);
  replaceFile(join(path, indexFile(ca)), Buffer.from(`${lines.join('\n')}${added.join('')}`, 'latin1'));
}
