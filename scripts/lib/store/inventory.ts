// Every entry of a PKI directory as it lies there: the top level, certs/, .pki/ and the databases. No link is followed.
import { accessSync, constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ifThere } from './files.ts';
import { HIDDEN } from './names.ts';

export interface Entry {
  /** Path inside the directory. */
  readonly file: string;
  readonly kind: 'file' | 'folder' | 'symbolic link' | 'FIFO' | 'socket' | 'device' | 'unknown';
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Another one after every change of it. */
  readonly stamp: string;
}

export const EXPORTS_FOLDER = 'certs';

/** The directory's own entry is `.`; its folders come before what they hold. */
export function listEntries(root: string): Entry[] {
  const entries = [{ ...describe(root, ''), file: '.' }];
  const visit = (folder: string): void => {
    for (const name of namesIn(join(root, folder)).sort()) {
      const entry = describe(root, folder === '' ? name : `${folder}/${name}`);
      entries.push(entry);
      if (entry.kind === 'folder' && isOurs(entry.file)) visit(entry.file);
    }
  };
  visit('');
  return entries;
}

/** What a run at work threw away since its folder was read holds nothing. */
const namesIn = (folder: string): string[] => ifThere(() => readdirSync(folder)) ?? [];

/** Whether a directory is as it was. */
export const isUnchanged = (before: readonly Entry[], after: readonly Entry[]): boolean =>
  before.length === after.length &&
  before.every(({ file, stamp }, i) => file === after[i]!.file && stamp === after[i]!.stamp);

/** `.pki/CA/issued/SERIAL.pem` is the deepest that there may be. */
const isOurs = (folder: string): boolean =>
  [EXPORTS_FOLDER, HIDDEN].includes(folder) || (folder.startsWith(`${HIDDEN}/`) && folder.split('/').length < 4);

function describe(root: string, file: string): Entry {
  try {
    const found = lstatSync(join(root, file));
    if (found.isDirectory()) accessSync(join(root, file), constants.R_OK | constants.X_OK);
    const stamp = `${found.ino} ${found.ctimeMs}`;
    return { file, kind: kindOf(found), mode: found.mode & 0o7777, size: found.size, stamp };
  } catch {
    // Gone meanwhile, a name that is not UTF-8, or a folder that we may not read.
    return { file, kind: 'unknown', mode: 0, size: 0, stamp: '' };
  }
}

function kindOf(found: Stats): Entry['kind'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  if (found.isSymbolicLink()) return 'symbolic link';
  if (found.isFIFO()) return 'FIFO';
  return found.isSocket() ? 'socket' : 'device';
}
