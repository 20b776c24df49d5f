// What killed runs left in and beside a directory. Call it with the lock of the directory held.
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { STAGING_MARK } from '../store/names.ts';
import { recover } from './journal.ts';
import { removeLeftovers } from './staging.ts';

/** A journal is finished first, since it needs its staging directory; then the others go. */
export function finishInterrupted(outDir: string, note: (text: string) => void): void {
  if (lstatSync(outDir, { throwIfNoEntry: false })?.isDirectory()) {
    if (recover(outDir)) note(`finished what an interrupted run had begun in ${outDir}`);
    rmSync(join(outDir, STAGING_MARK), { force: true });
  }
  removeLeftovers(outDir);
}
