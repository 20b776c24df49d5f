// Puts a file in the place of another: a reader, and whoever comes after a kill or a power cut, finds the one or the other.
import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { draftBeside } from './draft.ts';
import { syncPath, writeNew } from './files.ts';

/** Synced, with this mode. A symbolic link is replaced, not followed. */
export const replaceFile = (path: string, content: string | Buffer, mode = 0o644): void =>
  replaceBy(path, draft => {
    writeNew(draft, content, mode);
    syncPath(draft);
  });

/** The same with what `write` puts, synced, into a draft beside it, which goes where that fails. */
export function replaceBy(path: string, write: (draft: string) => void): void {
  const draft = draftBeside(path);
  try {
    write(draft);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncPath(dirname(path));
}
