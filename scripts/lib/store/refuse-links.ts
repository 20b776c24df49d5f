// A CA's database is written in place, and exports where they lack: links would lead what is written out of the directory.
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { databaseFolder } from './names.ts';

/** Throws a StateError where the database of a CA, or something in it, is a symbolic link. What is not there is none. */
export function refuseLinks(path: string, stem: string): void {
  const folder = databaseFolder(stem);
  for (const file of [dirname(folder), folder]) refuseLink(path, file);
  if (!lstatSync(join(path, folder), { throwIfNoEntry: false })?.isDirectory()) return;
  for (const name of readdirSync(join(path, folder))) refuseLink(path, join(folder, name));
}

/** Throws a StateError where a file or folder of a directory is a symbolic link itself, also one that leads nowhere. */
export function refuseLink(path: string, file: string): void {
  if (lstatSync(join(path, file), { throwIfNoEntry: false })?.isSymbolicLink())
    throw new StateError(
      `"${file}" is a symbolic link: nothing is written through it`,
      'put the file or folder itself there, if it is yours',
    );
}
