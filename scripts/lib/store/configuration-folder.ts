// Reads the ini files and templates of configuration folders: the shipped one and those of --conf.
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type ConfigProblem, StateError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import type { SourceFile } from '../model/sources.ts';
import { systemReason } from '../system-error.ts';
import { listEntries } from './folder-entries.ts';
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
export function readShippedFolder(): SourceFile[] {
  const folder = join(packageRoot(), 'openssl-conf');
  return readFiles(folder, 'openssl-conf', listEntries(folder, 'openssl-conf', []).inis);
}

/**
 * The ini files and templates of a folder of one's own. What would be passed over goes into `problems`. Throws a
 * StateError where it cannot be read, or nothing of it is a configuration.
 */
export function readOwnFolder(folder: string, problems: ConfigProblem[]): ConfigurationFolder {
  try {
    const before = problems.length;
    const { inis, templates } = listEntries(folder, folder, problems);
    if (inis.length + templates.length === 0 && problems.length === before)
      throw new StateError(`the configuration folder "${folder}" holds neither ini files nor templates`, HINT);
    const place = `${folder}/templates`;
    return { inis: readFiles(folder, folder, inis), templates: readFiles(place, place, templates) };
  } catch (error) {
    const { code, path = folder } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw resolve(path) === resolve(folder)
      ? new StateError(
          `cannot read the configuration folder "${folder}": ${code === 'ENOTDIR' ? 'it is no folder' : systemReason(code)}`,
          HINT,
        )
      : new StateError(
          `cannot read "${path}" of the configuration folder "${folder}": ${systemReason(code)}`,
          code === 'ENOENT' ? 'mend the link, or remove it' : 'make it readable for the caller, or move it away',
        );
  }
}

const HINT = 'give a folder with defaults.ini or entity files; "trustme-pki init-conf DIR" writes one';

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
function readFiles(folder: string, shownAs: string, names: readonly string[]): SourceFile[] {
  return names.map(name => {
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
