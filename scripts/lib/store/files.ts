// Single files of a PKI directory: made new with their final mode, given their name, read, synced.
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { certificateBlocks } from '../model/pem.ts';
import { readInput } from './input-file.ts';

/** Writes a new file with exactly this mode from its first byte; an existing file is an error (EEXIST). */
export function writeNew(path: string, content: string | Buffer, mode = 0o644): void {
  const descriptor = openNew(path, mode);
  try {
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
}

function openNew(path: string, mode: number): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, flags, mode);
  }
}

/** Writes ASCII text, which node need not copy into a buffer: the half of what writing a small file costs. */
export function writeText(path: string, text: string, flag: 'wx' | 'r+'): void {
  const descriptor = openSync(path, flag, 0o644);
  try {
    for (let written = 0; written < text.length; )
      written += writeSync(descriptor, written === 0 ? text : text.slice(written), null, 'latin1');
  } finally {
    closeSync(descriptor);
  }
}

/** The first PEM certificate of a file, as a block. Throws a StateError where there is none, or one that readers take differently. */
export function firstCertificate(path: string): string {
  const [block] = blocksOf(path, readInput(path).toString('latin1'));
  if (block === undefined) throw new StateError(`"${path}" holds no PEM certificate`);
  return block;
}

function blocksOf(path: string, text: string): string[] {
  try {
    return certificateBlocks(text);
  } catch (error) {
    throw new StateError(`"${path}" is no PEM that can be read: ${(error as RangeError).message}`);
  }
}

/** Whether a name is taken, also by a link that leads nowhere: existsSync denies such a one, and a rename replaces it. */
export function isTaken(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Syncs one file or folder to disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a draft in the same folder its name, which a file that somebody else has put there meanwhile keeps (EEXIST), as
 * it would not from a rename. The draft may stay, as a second name.
 */
export function giveName(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    // What has no links, as FAT, has to do with the look that the system has taken before.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '') || isTaken(path))
      throw error;
    renameSync(draft, path);
  }
}

/** What `read` gives; undefined where the file or folder that it reads is not there, or went away meanwhile. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (failure) {
    if (['ENOENT', 'ENOTDIR'].includes((failure as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw failure;
  }
}
