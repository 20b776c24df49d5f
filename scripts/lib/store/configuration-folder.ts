// Reads the ini files and templates of configuration folders: the shipped one and those of --conf.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, StateError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import type { SourceFile } from '../model/sources.ts';
import { packageRoot } from './package.ts';
import { refusalOf } from './regular-file.ts';
import { TEMPLATES, templateOfEntity } from './templates.ts';

/** Files of people are short; what is longer is no configuration. */
const MOST_BYTES = 1_000_000;

/** What a configuration folder holds, entries sorted, so that every run reads them alike. */
export interface ConfigurationFolder {
  readonly inis: readonly SourceFile[];
  readonly templates: readonly SourceFile[];
}

/** All ini files of the shipped openssl-conf folder. */
export const readShippedFolder = (): SourceFile[] =>
  readFiles(join(packageRoot(), 'openssl-conf'), 'openssl-conf', '.ini');

/** The ini files and templates of a folder of one's own. Throws a StateError where it cannot be read. */
export function readOwnFolder(folder: string): ConfigurationFolder {
  try {
    const templates = join(folder, 'templates');
    return {
      inis: readFiles(folder, folder, '.ini'),
      templates: statSync(templates, { throwIfNoEntry: false }) ? readFiles(templates, templates, '.hbs') : [],
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StateError(
      `cannot read the configuration folder "${folder}": ${code}`,
      'give a folder with defaults.ini or entity files; "trustme-pki init-conf DIR" writes one',
    );
  }
}

/** A template that is called after nothing would be passed over in silence. Throws a ConfigError. */
export function refuseStrayTemplates(templates: readonly SourceFile[], stems: Iterable<string>): void {
  const names = [...Object.values(TEMPLATES), ...[...stems].map(templateOfEntity)];
  const strays = templates.filter(({ name }) => !names.includes(name));
  if (strays.length > 0)
    throw new ConfigError(
      strays.map(({ name, file }) => ({
        file,
        found: name,
        expected: `${names.slice(0, 2).join(', ')} or ENTITY.cnf.hbs`,
        nearest: nearest(name, names),
      })),
    );
}

/** `shownAs` is the folder's name in messages. */
function readFiles(folder: string, shownAs: string, extension: string): SourceFile[] {
  return list(folder, '', extension).map(name => {
    const file = join(folder, name);
    const refusal = refusalOf(statSync(file), MOST_BYTES);
    if (refusal !== undefined)
      throw new StateError(`"${shownAs}/${name}" ${refusal}`, 'give a configuration file, or move it away');
    return { name, file: `${shownAs}/${name}`, text: decode(readFileSync(file), `${shownAs}/${name}`) };
  });
}

/** A name in another encoding would get into certificates as something else. */
function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StateError(`"${file}" is not UTF-8`, 'save it as UTF-8');
  }
}

function list(folder: string, prefix: string, extension: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(entry => {
    if (entry.isDirectory()) return prefix === '' ? list(join(folder, entry.name), `${entry.name}/`, extension) : [];
    return entry.name.endsWith(extension) ? [prefix + entry.name] : [];
  });
}
