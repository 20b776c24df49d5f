// The lock of OUT_DIR, with each way in which it cannot be had in plain words.
import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import { isOfAnother, type Lock, takeLock } from '../run/lock.ts';
import type { Report } from '../run/report.ts';
import { tooLong } from '../run/staging.ts';
import { isTaken } from '../store/files.ts';
import { lockFile } from '../store/names.ts';
import { systemReason } from '../system-error.ts';
import { hasMissingExports } from './missing-exports.ts';
import { UPDATE_OF_DB } from './platform-files.ts';

/** The file's status, or undefined where there is none. */
export const look = (path: string, how: 'lstat' | 'stat'): Stats | undefined =>
  (how === 'lstat' ? lstatSync : statSync)(path, { throwIfNoEntry: false });

/**
 * Takes the lock. undefined where it cannot be written and nothing is left to do: a complete directory is found in
 * read-only places too.
 */
export async function lockDirectory(
  outDir: string,
  hasPlatformKeys: boolean,
  signal: AbortSignal,
  report: Report,
): Promise<Lock | undefined> {
  try {
    return await takeLock(lockFile(outDir), signal, () => report.note(`waiting for another run on ${outDir}`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isReadOnly(code) && isComplete(outDir, hasPlatformKeys)) return undefined;
    throw explain(code, outDir) ?? error;
  }
}

/** Throws where the directory may not be entered: nobody can tell then what is in it, and nothing is not what that means. */
export function refuseClosed(outDir: string): void {
  if (!look(outDir, 'stat')?.isDirectory()) return;
  try {
    accessSync(outDir, constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      throw new StateError(
        `cannot look into "${outDir}": ${systemReason(code)}`,
        'run as its owner, or choose another OUT_DIR',
      );
  }
}

const isReadOnly = (code: string | undefined): boolean => ['EROFS', 'EACCES', 'EPERM'].includes(code ?? '');

function isComplete(outDir: string, hasPlatformKeys: boolean): boolean {
  try {
    refuseClosed(outDir);
    if (!look(outDir, 'stat')?.isDirectory() || hasMissingExports(outDir)) return false;
    return look(outDir, 'lstat')!.isSymbolicLink() || !hasPlatformKeys || isTaken(join(outDir, UPDATE_OF_DB));
  } catch {
    return false; // it cannot even be looked at
  }
}

function explain(code: string | undefined, outDir: string): StateError | undefined {
  const parent = dirname(outDir);
  if (isOfAnother(lockFile(outDir), code))
    return new StateError(
      `cannot open the lock "${lockFile(outDir)}": ${systemReason(code)}`,
      'it is that of another user: run as that one, or choose another OUT_DIR',
    );
  if (isReadOnly(code))
    return new StateError(
      `cannot write in "${parent}": ${systemReason(code)}`,
      'choose a directory in which you may write',
    );
  switch (code) {
    case 'ENOENT':
      return new StateError(`the directory of "${outDir}" does not exist`, `mkdir -p ${shellWord(parent)}`);
    case 'ENOTDIR':
      return new StateError(`"${parent}" is no directory`, 'choose another OUT_DIR');
    case 'ENAMETOOLONG':
      return tooLong(outDir);
    case 'EISDIR':
    case 'ELOOP':
    case 'ENXIO':
      return new StateError(`the lock "${lockFile(outDir)}" is not a regular file`, 'remove it and run again');
    default:
      return undefined;
  }
}
