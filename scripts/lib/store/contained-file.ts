// Reads files of a PKI directory that may hold anything: symbolic links lead nowhere else, a FIFO blocks nobody, and
// nothing is read that is too large to be part of a PKI.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { StateError } from '../errors.ts';

/** Far more than any list, bundle or database of a PKI. */
export const MOST_BYTES = 10 * 1024 * 1024;

/** The bytes of `file`, a path inside `root`. Throws a StateError, `it …`, that says why it is not read. */
export function readContained(root: string, file: string): Buffer {
  try {
    return readPlain(locate(root, file));
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(`it cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
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

function readPlain(path: string): Buffer {
  // To open a device may do something already, so look first.
  if (!statSync(path).isFile()) throw new StateError('it is no regular file');
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new StateError('it is no regular file');
    if (found.size > MOST_BYTES) throw new StateError(`it is larger than ${MOST_BYTES} bytes`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
