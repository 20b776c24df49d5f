// Staging directories: siblings of OUT_DIR in which everything is made before it is published.

import { type Dirent, existsSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { writeNew } from '../store/files.ts';
import { HIDDEN, JOURNAL, STAGING_MARK, stagingPrefix } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';

/** Calls `work` with a staging directory, which goes however that ends: unless a journal needs it, for the next run. */
export async function inStaging<T>(outDir: string, work: (staging: string) => Promise<T>): Promise<T> {
  const staging = makeStaging(outDir);
  try {
    refuseMountPoint(outDir, staging);
    return await work(staging);
  } finally {
    if (!hasJournal(outDir)) removeStaging(staging);
  }
}

/** Nothing that is made beside it could be moved in. Asked by a rename of what is not there, which changes nothing. */
function refuseMountPoint(outDir: string, staging: string): void {
  try {
    // A subvolume is told by its device alone.
    if (statSync(outDir).dev === statSync(staging).dev) renameSync(join(staging, 'nothing'), join(outDir, 'nothing'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') return;
  }
  throw new StateError(
    `"${outDir}" is a mount point: what is made beside it cannot be moved into it`,
    `keep the PKI in a folder of that file system, such as "${join(outDir, 'pki')}"`,
  );
}

/** Whether a run was stopped while it published, or one does so right now. Where nobody can tell, there may be one. */
export function hasJournal(outDir: string): boolean {
  try {
    return lstatSync(join(outDir, JOURNAL), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
  }
}

/** Bytes of a path below which all files of a PKI have room: PATH_MAX is 4096. Commands reach files beyond, we do not. */
const LONGEST = 3584;

export const tooLong = (outDir: string): StateError =>
  new StateError(
    Buffer.byteLength(outDir) > LONGEST
      ? `the path "${outDir}" is too long: more than ${LONGEST} bytes`
      : `the name "${basename(outDir)}" is too long`,
    'choose a shorter OUT_DIR; its lock and staging directory need 16 bytes more',
  );

/** Makes an empty staging directory (mode 0700) beside OUT_DIR, marked as ours. */
export function makeStaging(outDir: string): string {
  if (Buffer.byteLength(outDir) > LONGEST) throw tooLong(outDir);
  const staging = makeUnmarked(outDir);
  writeNew(join(staging, STAGING_MARK), '');
  return staging;
}

function makeUnmarked(outDir: string): string {
  try {
    return mkdtempSync(stagingPrefix(outDir));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG' ? tooLong(outDir) : error;
  }
}

/**
 * Removes what killed runs left beside OUT_DIR. Only directories with our name and our mark go (or empty ones, where
 * the kill came before the mark). Call it with the lock held.
 */
export function removeLeftovers(outDir: string): void {
  const prefix = basename(stagingPrefix(outDir));
  for (const entry of entriesBeside(outDir)) {
    const suffix = entry.name.startsWith(prefix) ? entry.name.slice(prefix.length) : '';
    if (!entry.isDirectory() || !/^[A-Za-z0-9]{6}$/.test(suffix)) continue;
    const path = join(dirname(outDir), entry.name);
    if (existsSync(join(path, STAGING_MARK))) removeStaging(path);
    else removeIfEmpty(path);
  }
}

/** Nothing where the folder may be written but not read: what cannot be found there waits. */
function entriesBeside(outDir: string): Dirent[] {
  try {
    return readdirSync(dirname(outDir), { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

/** Removes a staging directory; its mark goes last, so that a run that is killed here leaves it to the next one. */
export function removeStaging(path: string): void {
  const mark = join(path, STAGING_MARK);
  for (const name of entriesOf(path)) if (name !== HIDDEN) removeTree(join(path, name));
  for (const name of entriesOf(join(path, HIDDEN)))
    if (join(path, HIDDEN, name) !== mark) removeTree(join(path, HIDDEN, name));
  removeTree(path);
}

const entriesOf = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Killed between mkdir and mark: the directory is empty but for a folder that is empty too. */
function removeIfEmpty(path: string): void {
  try {
    if (readdirSync(path).join() === HIDDEN) rmdirSync(join(path, HIDDEN));
    rmdirSync(path);
  } catch {
    // Not empty, so not ours.
  }
}
