// What killed runs left in and beside a directory. Call it with the lock of the directory held, and that of no CA.
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { STAGING_MARK } from '../store/names.ts';
import { authoritiesInJournal, recover } from './journal.ts';
import { type Lock, takeDirectoryLock } from './lock.ts';
import { lockAuthority } from './lock-authority.ts';
import { hasJournal, removeLeftovers } from './staging.ts';

/** A journal is finished first, since it needs its staging directory; then the others go. */
export async function finishInterrupted(
  outDir: string,
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<void> {
  if (lstatSync(outDir, { throwIfNoEntry: false })?.isDirectory()) {
    if (await finishJournal(outDir, signal, note)) note(`finished what an interrupted run had begun in ${outDir}`);
    rmSync(join(outDir, STAGING_MARK), { force: true });
  }
  // Behind a link it is finished by its own path, and may need one of them.
  if (!hasJournal(outDir)) removeLeftovers(outDir);
}

async function finishJournal(outDir: string, signal: AbortSignal, note: (text: string) => void): Promise<boolean> {
  const locks: Lock[] = [];
  try {
    for (const stem of authoritiesInJournal(outDir))
      locks.push(await lockAuthority(outDir, stem, signal, () => note(`waiting for another run on ${stem}`)));
    return recover(outDir);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** The same, with the lock, for whoever is about to look at a directory: only where a journal is there. */
export async function finishBefore(path: string, signal: AbortSignal, note: (text: string) => void): Promise<boolean> {
  if (!hasJournal(path)) return false;
  const lock = await takeDirectoryLock(path, signal, () => note(`waiting for another run on ${path}`));
  try {
    await finishInterrupted(path, signal, note);
  } finally {
    lock.release();
  }
  return true;
}
