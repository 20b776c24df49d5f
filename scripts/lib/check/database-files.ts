// The files of a CA database: is one there that there was, and are its settings such as openssl ca takes?
import { readContained, refusalToRead } from '../store/contained-file.ts';
import { NUMBER_FILE } from '../store/database-rows.ts';
import { databaseFolder, databaseTraces } from '../store/names.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';

export const malformed = (file: string, message: string): Finding =>
  error('database-malformed', file, message, 'restore it from a backup: openssl ca refuses to go on from it');

/** Of CAs that have what only comes after an index. */
export function lostIndexes({ directory, entries }: Inspection): Finding[] {
  const files = new Set(entries.map(({ file }) => file));
  const folders = new Set(entries.flatMap(({ file, kind }) => (kind === 'folder' ? [file] : [])));
  return directory.certificates.flatMap(({ stem }) => {
    const index = `${databaseFolder(stem)}/index.txt`;
    if (folders.has(index)) return [malformed(index, 'it is a folder')];
    const trace = files.has(index)
      ? undefined
      : databaseTraces(stem, directory.keys.has(stem)).find(file => files.has(file));
    return trace === undefined ? [] : [malformed(index, `it is missing, though there was one, as "${trace}" tells`)];
  });
}

const SETTINGS: readonly [name: string, syntax: RegExp][] = [
  ['index.txt.attr', /^(\s*unique_subject\s*=\s*(yes|no)\s*\n?)?\s*$/],
  ['crlnumber', NUMBER_FILE],
  ['serial', NUMBER_FILE],
];

export function checkSettings(stem: string, { entries, directory }: Inspection): Finding[] {
  return SETTINGS.flatMap(([name, syntax]) => {
    const file = `${databaseFolder(stem)}/${name}`;
    if (!entries.some(each => each.file === file && each.kind === 'file'))
      return name === 'crlnumber' ? [malformed(file, 'it is missing')] : [];
    const refusal = refusalToRead(directory.path, file);
    const isSane = refusal === undefined && syntax.test(readContained(directory.path, file).toString('latin1'));
    return isSane ? [] : [malformed(file, refusal ?? 'its content is none that openssl ca writes')];
  });
}
