// Reads the ini files of configuration folders: the shipped one and those of --conf.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import type { SourceFile } from '../model/configuration.ts';
import { packageRoot } from './package.ts';

/** All ini files of the shipped openssl-conf folder. */
export const readShippedFolder = (): SourceFile[] => readFolder(join(packageRoot(), 'openssl-conf'), 'openssl-conf');

/** All ini files of a folder of one's own. Throws a StateError where it cannot be read. */
export function readOwnFolder(folder: string): SourceFile[] {
  try {
    return readFolder(folder, folder);
  } catch (error) {
    throw new StateError(
      `cannot read the configuration folder "${folder}": ${(error as NodeJS.ErrnoException).code}`,
      'give a folder with defaults.ini or entity files',
    );
  }
}

/** `shownAs` is the folder's name in messages; entries are sorted, so that every run reads them alike. */
function readFolder(folder: string, shownAs: string): SourceFile[] {
  return listIni(folder, '').map(name => ({
    name,
    file: `${shownAs}/${name}`,
    text: readFileSync(join(folder, name), 'utf8'),
  }));
}

function listIni(folder: string, prefix: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(entry => {
    if (entry.isDirectory()) return prefix === '' ? listIni(join(folder, entry.name), `${entry.name}/`) : [];
    return entry.name.endsWith('.ini') ? [prefix + entry.name] : [];
  });
}
