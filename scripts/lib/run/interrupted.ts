// What killed runs left in and beside a directory. Call it with the lock of the directory held.
import { existsSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL, STAGING_MARK } from '../store/names.ts';
import { recover } from './journal.ts';
import { takeDirectoryLock } from './lock.ts';
import { removeLeftovers } from './staging.ts';

/** A journal is finished first, since it needs its staging directory; then the others go. */
export function finishInterrupted(outDir: string, note: (text: string) => void): void {
  if (lstatSync(outDir, { throwIfNoEntry: false })?.isDirectory()) {
    if (recover(outDir)) note(`finished what an interrupted run had begun in ${outDir}`);
    rmSync(join(outDir, STAGING_MARK), { force: true });
  }
  removeLeftovers(outDir);
}

/** The same, with the lock, for whoever is about to look at a directory: only where a journal is there. */
export async function finishBefore(path: string, signal: AbortSignal, note: (text: string) => void): Promise<boolean> {
  if (!existsSync(join(path, JOURNAL))) return false;
  const lock = await takeDirectoryLock(path, signal, () => note(`waiting for another run on ${path}`));
  try {
    finishInterrupted(path, note);
  } finally {
    lock.release();
  }
  return true;
}
