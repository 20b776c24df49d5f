// What lies in a configuration folder: files that are read, files of others that are left alone, and what looks like
// one of ours and would be passed over in silence, each of these as a mistake.
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigProblem } from '../errors.ts';

/** Paths inside the folder, entries of each folder sorted. */
export interface FolderEntries {
  readonly inis: readonly string[];
  readonly templates: readonly string[];
}

const TEMPLATES_FOLDER = 'templates';
/** Two more than are read: whoever sorts files into folders of folders is told, and no tree is searched to its end. */
const DEEPEST = 4;
/** What version control and editors leave. */
const FOREIGN = /^[.#]|~$|\.(bak|orig|rej|swp|old)$/i;

/** Lists a folder; `shownAs` is its name in messages. */
export function listEntries(folder: string, shownAs: string, problems: ConfigProblem[]): FolderEntries {
  const entries = { inis: [] as string[], templates: [] as string[] };
  const visit = (parents: readonly string[]): void => {
    const here = join(folder, ...parents);
    for (const entry of read(here, parents.length > 1).filter(({ name }) => !FOREIGN.test(name))) {
      const path = [...parents, entry.name];
      const isFolder = isDirectory(here, entry);
      const expected = refusalOf(path, isFolder);
      if (expected !== undefined) problems.push({ file: [shownAs, ...path].join('/'), found: entry.name, expected });
      else if (isFolder) {
        if (path.length < DEEPEST) visit(path);
      } else if (isTemplate(path)) entries.templates.push(entry.name);
      else if (entry.name.endsWith('.ini')) entries.inis.push(path.join('/'));
    }
  };
  visit([]);
  return entries;
}

/** Folders that nothing is read of may be closed to us. */
function read(folder: string, mayFail: boolean): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (mayFail) return [];
    throw error;
  }
}

/** A link to a folder is one. */
const isDirectory = (folder: string, entry: Dirent): boolean =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() && statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true);

const isTemplate = ([first, name = '', ...rest]: readonly string[]): boolean =>
  first === TEMPLATES_FOLDER && rest.length === 0 && name.endsWith('.hbs');

/** What was expected instead of an entry that is not read, though it looks like one of ours. */
function refusalOf(path: readonly string[], isFolder: boolean): string | undefined {
  const name = path.at(-1)!;
  if (path.length > 1 && path[0] === TEMPLATES_FOLDER) {
    if (!isFolder && (isTemplate(path) || /^README/i.test(name))) return undefined;
    return `a template, NAME.hbs: ${isFolder ? 'no folder' : 'no other file'} in the folder ${TEMPLATES_FOLDER}`;
  }
  if (/\.hbs$/i.test(name)) return `the folder ${TEMPLATES_FOLDER} around it: templates lie there`;
  if (!/\.ini$/i.test(name)) return undefined;
  if (isFolder) return 'a file: a folder has another name';
  if (!name.endsWith('.ini')) return 'a name that ends in ".ini", in small letters';
  return path.length > 2 ? 'a file at the top of the configuration folder, or one folder deep' : undefined;
}
