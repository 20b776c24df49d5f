// A folder of the system's temporary one, for what tools take and give as files alone.
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { StateError } from '../errors.ts';
import { removeTree } from '../store/remove-tree.ts';
import { systemReason } from '../system-error.ts';
import { hintOfDisk } from './failure.ts';

/** A new folder with this prefix (mode 0700), for the caller to remove; absolute, since commands run elsewhere than this process. Throws a StateError. */
export function makeTemporary(prefix: string): string {
  const place = resolve(tmpdir());
  try {
    return mkdtempSync(join(place, prefix));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StateError(
      `cannot make a folder in "${place}", where temporary files go: ${systemReason(code)}`,
      hintOfDisk(place) ?? 'export TMPDIR with a folder that is there and can be written to',
    );
  }
}

/** Calls `work` with the folder (mode 0700), which is removed however that ends. */
export async function inTemporary<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeTemporary('trustme-pki-');
  try {
    return await work(folder);
  } catch (error) {
    throw fullPlace(error) ?? error;
  } finally {
    removeTree(folder);
  }
}

/** node does not say which file it was writing when the disk was full, and this disk is not that of the PKI. */
function fullPlace(error: unknown): StateError | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const place = resolve(tmpdir());
  if (code !== 'ENOSPC' || path !== undefined || hintOfDisk(place) === undefined) return undefined;
  return new StateError(
    `cannot write in "${place}", where temporary files go: ${systemReason(code)}`,
    'make room there, or export TMPDIR with another folder',
  );
}

/** What a tool wrote to a file of such a folder. Throws a StateError where that is nothing: not every tool says that it could not. */
export function readWritten(tool: string, file: string): Buffer {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0) return readFileSync(file);
  const folder = dirname(dirname(file));
  throw new StateError(
    `${tool} wrote nothing to "${folder}"`,
    hintOfDisk(folder) ?? 'look whether it can be written to',
  );
}
