// Signed files get their name when they have been verified, each whole or not at all.
import { chmodSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { syncPath } from '../store/files.ts';

/** Calls `make` with a path beside `output`, and gives what it made there that name. */
export async function publishFile(output: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(dirname(output), `.${basename(output)}.trustme-pki.${process.pid}`);
  try {
    await make(draft);
    chmodSync(draft, 0o644);
    syncPath(draft);
    renameSync(draft, output);
  } finally {
    rmSync(draft, { force: true });
  }
  syncPath(dirname(output));
}

/** An artifact as typed: its absolute path. Throws where it is no file. */
export function readArtifact(given: string): string {
  const path = resolve(given);
  if (!existsSync(path)) throw new UsageError(`"${given}" is not there`, 'give the files to be signed or checked');
  if (!statSync(path).isFile()) throw new StateError(`"${given}" is no file`, 'give files, not folders');
  return path;
}
