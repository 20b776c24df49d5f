// Files that join a live PKI directory: a journal in it names them, so that a run that is killed while it moves them
// is finished by the next one.
import { existsSync, mkdirSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterwards, StateError } from '../errors.ts';
import { syncPath, writeNew } from '../store/files.ts';
import { HIDDEN, JOURNAL, stagingPrefix } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';
import { hasJournal, removeStaging } from './staging.ts';

interface Journal {
  readonly staging: string;
  /** Relative paths, in the order in which they are moved. */
  readonly files: readonly string[];
  /** Relative paths of files and folders that go when those have come. */
  readonly removed: readonly string[];
}

/**
 * With the same locks, moves `files` of a synced staging directory into a live OUT_DIR, and then removes there what they make worthless.
 * Killed at any point, `recover` finishes it.
 */
export function publishInto(
  staging: string,
  outDir: string,
  files: readonly string[],
  removed: readonly string[] = [],
): void {
  mkdirSync(join(outDir, HIDDEN), { recursive: true });
  const journal = { staging: basename(staging), files, removed } satisfies Journal;
  const draft = join(staging, JOURNAL);
  writeNew(draft, JSON.stringify(journal));
  syncPath(draft);
  renameSync(draft, join(outDir, JOURNAL));
  recover(outDir);
}

/** Stems of the CAs whose index the journal of OUT_DIR replaces. Throws a StateError where it is not ours. */
export function authoritiesInJournal(outDir: string): string[] {
  if (!hasJournal(outDir)) return [];
  const { files } = readJournal(join(outDir, JOURNAL), outDir);
  return files.flatMap(file => INDEX.exec(file)?.[1] ?? []).sort();
}

const INDEX = new RegExp(`^${HIDDEN}/([^/]+)/index\\.txt$`);

/** Finishes what the journal of OUT_DIR began, with the locks of the CAs held whose index it replaces; true if there was anything to finish. */
export function recover(outDir: string): boolean {
  const path = join(outDir, JOURNAL);
  if (!hasJournal(outDir)) return false;
  const { staging: name, files, removed } = readJournal(path, outDir);
  const staging = join(dirname(outDir), name);
  const lost = files.filter(file => !existsSync(join(staging, file)) && !existsSync(join(outDir, file)));
  // It stays until the journal is gone: without it, what lies in OUT_DIR may be the old file or the new one.
  if (!existsSync(staging) || lost.length > 0)
    throw new StateError(
      `an interrupted run lost its staging directory "${staging}"${lost.length > 0 ? `: ${lost.join(', ')}` : ''}`,
      `restore it, or remove "${path}" and what the run had moved in; trustme-pki verify tells what does not fit then`,
    );
  try {
    finish(outDir, staging, { files, removed });
  } catch (error) {
    throw afterwards(error, `what was made waits in "${staging}": the next run moves it in`);
  }
  removeStaging(staging);
  return true;
}

function finish(outDir: string, staging: string, { files, removed }: Omit<Journal, 'staging'>): void {
  syncPath(join(outDir, HIDDEN));
  for (const file of files) if (existsSync(join(staging, file))) moveInto(join(staging, file), join(outDir, file));
  for (const folder of new Set(files.map(file => dirname(join(outDir, file))))) syncPath(folder);
  for (const file of removed) removeTree(join(outDir, file));
  unlinkSync(join(outDir, JOURNAL));
  syncPath(join(outDir, HIDDEN));
}

function moveInto(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

/** The journal is ours and was written whole; anything else, a path that leaves OUT_DIR above all, is somebody else's. */
function readJournal(path: string, outDir: string): Journal {
  const { staging, files, removed } = parseJournal(readFileSync(path, 'utf8'));
  const prefix = basename(stagingPrefix(outDir));
  const isJournal =
    isPlain(staging) &&
    /\.staging\.[A-Za-z0-9]{6}$/.test(staging) &&
    Array.isArray(files) &&
    files.length > 0 &&
    files.every(isPlain) &&
    Array.isArray(removed) &&
    removed.every(isPlain);
  if (!isJournal) throw new StateError(`"${path}" is not a journal of this directory`, 'remove it if nobody needs it');
  if (staging.slice(0, -6) !== prefix)
    throw new StateError(
      `"${outDir}" had another name when a run was interrupted: what that had made waits in "${staging}", beside the directory as it was`,
      `give it the name "${staging.replace(/\.staging\..*/, '')}" again, beside that folder: the next run finishes it then`,
    );
  return { staging, files, removed };
}

function parseJournal(text: string): { staging?: unknown; files?: unknown; removed?: unknown } {
  try {
    return { removed: [], ...JSON.parse(text) };
  } catch {
    return {};
  }
}

/** A relative path that stays where it is. */
const isPlain = (name: unknown): name is string =>
  typeof name === 'string' && name.split('/').every(part => !['', '.', '..'].includes(part));
