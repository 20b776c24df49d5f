// Can results be put where they go? Asked before anything is signed: a certificate that nobody gets is one too many.
import { closeSync, constants, copyFileSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { giveName, syncPath } from '../store/files.ts';

/** Under this name files are written before they get their own. */
export const draftOf = (output: string): string => `${output}.new`;

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
  // As long as that of the draft, which another run may be writing.
  const file = `${output}.${String(process.pid % 1000).padStart(3, '0')}`;
  try {
    closeSync(openSync(file, 'wx', 0o600));
    rmSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new StateError(
      `"${basename(output)}" cannot be written to "${dirname(output)}": ${code}; nothing was signed`,
      code === 'ENAMETOOLONG' ? 'give it a shorter name' : 'make the folder writable, or give another --output-dir',
    );
  }
}

/** Copies a private key, maybe to another file system, beside its place; what a run that was killed left there goes. */
export function draftKey(from: string, to: string): void {
  const draft = draftOf(to);
  if (existsSync(draft) && readFileSync(draft).equals(readFileSync(from))) return;
  rmSync(draft, { force: true });
  copyFileSync(from, draft, constants.COPYFILE_EXCL);
  syncPath(draft);
}

/** Moves a private key; a file of that name is never replaced, and it is never half there. */
export function moveKey(from: string, to: string): void {
  draftKey(from, to);
  try {
    giveName(draftOf(to), to);
  } finally {
    rmSync(draftOf(to), { force: true });
  }
  rmSync(from, { force: true }); // the draft itself, where an earlier run left that
}
