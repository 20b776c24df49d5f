// Signed files get their name when they have been verified, each whole or not at all.
import { chmodSync, chownSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { draftBeside } from '../store/draft.ts';
import { syncPath } from '../store/files.ts';
import { type IsOwn, refuseOutput } from '../store/output-file.ts';

/** Calls `make` with a path beside `output`, and gives what it made there that name and, where that was there, its mode and owner. */
export async function publishFile(
  output: string,
  make: (draft: string) => Promise<void>,
  isOwn?: IsOwn,
): Promise<void> {
  refuseOutput(output, isOwn);
  const draft = draftBeside(output);
  try {
    await make(draft);
    const replaced = statSync(output, { throwIfNoEntry: false });
    if (replaced) keepOwner(draft, replaced);
    chmodSync(draft, (replaced?.mode ?? 0o644) & 0o777);
    syncPath(draft);
    renameSync(draft, output);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  syncPath(dirname(output));
}

/** The owner is root's to give; a group, that of who is in it. */
function keepOwner(draft: string, { uid, gid }: Stats): void {
  for (const owner of [uid, UNCHANGED])
    try {
      chownSync(draft, owner, gid);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    }
}

/** chown(2) */
const UNCHANGED = -1;
