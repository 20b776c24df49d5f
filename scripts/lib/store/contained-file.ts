// Reads files of a PKI directory that may hold anything: symbolic links lead nowhere else, a FIFO blocks nobody, and
// nothing is read that is too large to be part of a PKI.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { StateError } from '../errors.ts';
import { systemReason } from '../system-error.ts';
import { mostBytesOf, refusalOf } from './regular-file.ts';

/** The bytes of `file`, a path inside `root`. Throws a StateError, `it …`, that says why it is not read. */
export function readContained(root: string, file: string): Buffer {
  try {
    return readPlain(locate(root, file), mostBytesOf(file));
  } catch (error) {
    if (error instanceof StateError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StateError(`it cannot be read: ${code === undefined ? message : systemReason(code)}`);
  }
}

/** Why `file` is not read; undefined: it is. */
export function refusalToRead(root: string, file: string): string | undefined {
  try {
    readContained(root, file);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The path behind all links. */
function locate(root: string, file: string): string {
  const path = realpathSync(join(root, file));
  if (!path.startsWith(join(realpathSync(root), sep))) throw new StateError('it leads out of the directory');
  return path;
}

function readPlain(path: string, most: number): Buffer {
  // To open a device may do something already, so look first.
  refuse(statSync(path), most);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    refuse(fstatSync(descriptor), most);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function refuse(found: Stats, most: number): void {
  const refusal = refusalOf(found, most);
  if (refusal !== undefined) throw new StateError(`it ${refusal}`);
}
