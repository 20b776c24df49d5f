// Can results be put where they go? Asked before anything is signed: a certificate that nobody gets is one too many.
import { closeSync, constants, copyFileSync, openSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { draftOf } from '../store/draft.ts';
import { giveName, syncPath } from '../store/files.ts';
import { systemReason } from '../system-error.ts';

/** Writes, and removes, a file with the longest name of each folder. Throws a StateError where that fails. */
export function refuseUnwritable(outputs: readonly string[]): void {
  const longest = new Map<string, string>();
  for (const output of outputs) {
    const other = longest.get(dirname(output));
    if (other === undefined || Buffer.byteLength(output) > Buffer.byteLength(other))
      longest.set(dirname(output), output);
  }
  for (const output of longest.values()) probe(output);
}

function probe(output: string): void {
  const file = draftOf(output);
  try {
    closeSync(openSync(file, 'wx', 0o600));
    rmSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new StateError(
      `"${basename(output)}" cannot be written to "${dirname(output)}": ${systemReason(code)}; nothing was signed`,
      code === 'ENAMETOOLONG' ? 'give it a shorter name' : 'make the folder writable, or give another --output-dir',
    );
  }
}

/** Copies a private key, maybe to another file system, beside its place. */
export function draftKey(from: string, to: string): void {
  copyFileSync(from, draftOf(to), constants.COPYFILE_EXCL);
  syncPath(draftOf(to));
}

/** Gives the draft of a private key its name; a file of that name is never replaced, and it is never half there. */
export function giveKey(draft: string, to: string): void {
  giveName(draft, to);
  rmSync(draft, { force: true });
}
