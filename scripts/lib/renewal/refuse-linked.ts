// A renewal reads copies, and replaces files: a symbolic link would be missing among the former, and lost by the latter.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';

/** Throws a StateError where one of these files of a directory is a symbolic link. What is not there is none. */
export function refuseLinked(path: string, files: readonly string[]): void {
  const linked = files.find(file => lstatSync(join(path, file), { throwIfNoEntry: false })?.isSymbolicLink());
  if (linked !== undefined)
    throw new StateError(
      `"${linked}" is a symbolic link: certificates are made from, and in the place of, regular files alone`,
      'put the file that it leads to in its place',
    );
}
