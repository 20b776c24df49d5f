// From a staging directory to OUT_DIR: everything synced to disk, then one rename.
import { renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from '../plan/job.ts';
import { syncPath } from '../store/files.ts';
import { STAGING_MARK } from '../store/names.ts';
import { runCommand, type Surroundings } from './exec.ts';

/** Syncs every file and folder of a tree to disk: one syncfs(2) for all of them. */
export async function syncTree(path: string, surroundings: Surroundings): Promise<void> {
  await runCommand(command('sync', ['-f', '.']), 'sync', { ...surroundings, folder: path });
}

/** Publishes a whole, synced staging directory as OUT_DIR; a stale file in its place goes first. */
export function publishWhole(staging: string, outDir: string, hasStaleFile: boolean): void {
  if (hasStaleFile) unlinkSync(outDir);
  renameSync(staging, outDir);
  syncPath(dirname(outDir));
  unlinkSync(join(outDir, STAGING_MARK));
}
