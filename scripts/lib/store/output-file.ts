// Files that a person names for results: new, or in place of what may be replaced, never a key or a file of a PKI.
import { accessSync, closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isPkiError, StateError, UsageError } from '../errors.ts';
import { systemReason } from '../system-error.ts';
import { HIDDEN } from './names.ts';
import { replaceFile } from './replace-file.ts';

/** Whether what is there came from an earlier run of the same command; called with its first 64 KiB. */
export type IsOwn = (beginning: Buffer) => boolean;

const nothing: IsOwn = () => false;

/**
 * Mode 0644, all at once, synced, and never through a symbolic link. Throws where the path is none to write to.
 */
export function writeOutput(given: string, content: string | Buffer, isOwn: IsOwn): void {
  const path = resolve(given);
  refuseOutput(given, isOwn);
  replaceFile(path, content);
}

/**
 * Throws a UsageError where no file can be written there, and a StateError where a private key, or a file of a PKI
 * directory that is not one's own, would be replaced.
 */
export function refuseOutput(given: string, isOwn: IsOwn = nothing): void {
  const path = resolve(given);
  const folder = dirname(path);
  if (!existsSync(folder))
    throw new UsageError(`the folder of --output "${given}" is not there`, 'make it, or give another file');
  const found = stat(path, given);
  // What it leads to is not even opened: a pipe keeps its reader waiting.
  if (found?.isSymbolicLink())
    throw new StateError(`"${given}" is a symbolic link: nothing is written through it`, 'give the file itself');
  if (given.endsWith('/') || (found && !found.isFile())) throw notRegular(given);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw cannotWrite(given, error);
  }
  if (!found) return;
  const beginning = readBeginning(path, given);
  if (beginning.includes('PRIVATE KEY-----'))
    throw new StateError(`"${given}" holds a private key: it is not replaced`, 'give another --output');
  if (isOfPki(path) && !isOwn(beginning))
    throw new StateError(`"${given}" is a file of a PKI directory: it is not replaced`, 'give another --output');
}

function stat(path: string, given: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw cannotWrite(given, error);
  }
}

const notRegular = (given: string): UsageError =>
  new UsageError(`--output "${given}" is no regular file`, 'give the name of a file');

const cannotWrite = (given: string, error: unknown): StateError =>
  new StateError(
    `cannot write "${given}": ${systemReason((error as NodeJS.ErrnoException).code)}`,
    'give another --output',
  );

function readBeginning(path: string, given: string): Buffer {
  try {
    // Something else may have taken its place since it was looked at.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if (!fstatSync(descriptor).isFile()) throw notRegular(given);
      const beginning = Buffer.alloc(65_536);
      return beginning.subarray(0, readSync(descriptor, beginning));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw isPkiError(error) ? error : cannotWrite(given, error);
  }
}

/** What a PKI directory holds beside `.pki`. */
const KINDS = /\.(cert|crt|cer|pem|x509|key|csr|crl|der|p12|esl|auth|txt)$/;

/** Whether a file lies in a PKI directory, or in its folder of exports, and is of a kind that one holds. */
function isOfPki(path: string): boolean {
  const folder = dirname(path);
  if (path.split('/').includes(HIDDEN)) return true;
  const isPki = [folder, dirname(folder)].some(each => existsSync(join(each, HIDDEN)));
  return isPki && KINDS.test(path);
}
