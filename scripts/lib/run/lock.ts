// The lock of one PKI directory: flock(2) on OUT_DIR.genlock, taken by util-linux' flock on a descriptor that node
// holds. The lock belongs to the open file description, so it lasts until node closes it or ends in whatever way.
import { type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { lockFile } from '../store/names.ts';
import { systemReason } from '../system-error.ts';

export interface Lock {
  release(): void;
}

/** Takes the lock, waiting for as long as another process has it; `waiting` is called once when it has to wait. */
export async function takeLock(path: string, signal: AbortSignal, waiting: () => void): Promise<Lock> {
  const descriptor = openLock(path);
  try {
    const { status, error } = spawnSync('flock', ['-x', '-n', '3'], handOver(descriptor));
    if (error) throw flockMissing(error);
    if (status !== 0) {
      waiting();
      await waitForLock(descriptor, signal);
    }
    return { release: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** That of a PKI directory, for what is about to write there; told in words where there cannot be one. */
export async function takeDirectoryLock(directory: string, signal: AbortSignal, waiting: () => void): Promise<Lock> {
  const path = lockFile(directory);
  try {
    return await takeLock(path, signal, waiting);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS') throw error;
    throw new StateError(
      `cannot open the lock "${path}": ${systemReason(code)}`,
      isOfAnother(path, code)
        ? 'it is that of another user: run as that one'
        : `"${dirname(path)}" has to be writable: locks lie beside the PKI directory, and what is made before it is published`,
    );
  }
}

/** Whether the lock itself is what cannot be opened, not its folder. */
export const isOfAnother = (path: string, code: string | undefined): boolean =>
  (code === 'EACCES' || code === 'EPERM') && existsSync(path);

/** The lock file is opened, never truncated, and must be a file of its own: not a link to somebody else's. */
function openLock(path: string): number {
  const descriptor = openSync(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    0o644,
  );
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new StateError(`the lock "${path}" is not a regular file`, 'remove it and run again');
}

/**
 * flock(1) gets the descriptor as its number 3, and nothing of our environment but PATH. That of BusyBox knows short
 * options alone.
 */
const handOver = (descriptor: number) => ({
  stdio: ['ignore', 'ignore', 'ignore', descriptor] satisfies StdioOptions as StdioOptions,
  env: { PATH: process.env.PATH },
});

function waitForLock(descriptor: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '3'], { ...handOver(descriptor), signal });
    child.on('error', error => reject(signal.aborted ? signal.reason : error));
    child.on('close', status => (status === 0 ? resolve() : reject(new StateError(`flock exited with ${status}`))));
  });
}

function flockMissing(error: Error): Error {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? new StateError('flock was not found', 'install the package util-linux')
    : error;
}

/** The lock of a token: that of its module's file, which all who use it can open; nothing is written. */
export async function takeTokenLock(module: string, signal: AbortSignal): Promise<Lock> {
  const descriptor = openSync(module, constants.O_RDONLY);
  try {
    await waitForLock(descriptor, signal);
    return { release: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
