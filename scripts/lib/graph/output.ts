// Writes a picture to a file: new, or in place of a regular file, all at once and never through a symbolic link.
import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { writeNew } from '../store/files.ts';

/** Mode 0644. Throws a StateError where the path is none to write to. */
export function writeOutput(path: string, content: string): void {
  refuseOthers(path);
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    writeNew(beside, content);
    // A link that has appeared meanwhile is replaced, not followed.
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

function refuseOthers(path: string): void {
  if (!stat(dirname(path)))
    throw new StateError(`there is no folder "${dirname(path)}"`, 'make it, or give another --output');
  const found = stat(path);
  if (found?.isSymbolicLink())
    throw new StateError(`"${path}" is a symbolic link: nothing is written through it`, 'give the file itself');
  if (path.endsWith('/') || (found && !found.isFile()))
    throw new StateError(`"${path}" is no regular file`, 'give the name of a file: --output FILE');
}

function stat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new StateError(`cannot write "${path}": ${(error as NodeJS.ErrnoException).code}`, 'give another --output');
  }
}
