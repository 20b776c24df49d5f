// Opens a CA of a PKI directory for work: its database under its own lock, its openssl configuration, its passphrase.
import { existsSync, lstatSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withRecorded } from '../check/record.ts';
import { StateError, UsageError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import type { PrivateKey } from '../plan/private-key.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { finishBefore } from '../run/interrupted.ts';
import type { Lock } from '../run/lock.ts';
import { lockAuthority } from '../run/lock-authority.ts';
import { hasJournal } from '../run/staging.ts';
import { type CertificateFile, type PkiDirectory, readCertificateFile, readPkiDirectory } from '../store/directory.ts';
import { issuersOf } from '../store/issuer.ts';
import { readManifest } from '../store/manifest.ts';
import { databaseFolder } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import { configurationOf } from './configuration.ts';
import { RequestCopies } from './copies.ts';
import { removeDrafts, signersFirst } from './database.ts';
import { keyOf, refuseWithoutKey } from './directory-key.ts';
import { buildDatabase, completeDatabase, hasDatabase } from './old-directory.ts';
import { mendDatabase } from './sound-database.ts';

export interface DirectoryOptions {
  /** As typed. */
  readonly dir: string;
  /** Whether a directory behind a symbolic link may be written. */
  readonly isReleaseAllowed: boolean;
  readonly configurationFolders: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** A PKI directory with the configuration that its CAs work by. */
export interface OpenDirectory {
  readonly directory: PkiDirectory;
  readonly settings: Settings;
  readonly options: DirectoryOptions;
}

/** One CA, locked; call `close` in the end. */
export interface Authority {
  readonly stem: string;
  readonly path: string;
  /** The directory as it is since the CA was locked. */
  readonly open: OpenDirectory;
  readonly certificate: CertificateFile;
  /** The CAs of the directory above it, the nearest first. */
  readonly above: readonly CertificateFile[];
  /** Text of its openssl configuration; its paths hold in the directory. */
  readonly configuration: string;
  readonly key: PrivateKey;
  readonly surroundings: Surroundings;
  /** A folder of its database for what is thrown away. */
  readonly work: string;
  readonly copies: RequestCopies;
  /** Tells people something on the way. */
  readonly note: (text: string) => void;
  close(): void;
}

/** The path by which all lock, stage and write a directory: never that of a link, which may be refused (StateError). */
export function pathToWrite({ dir, isReleaseAllowed }: Pick<DirectoryOptions, 'dir' | 'isReleaseAllowed'>): string {
  const typed = resolve(dir);
  const isLink = lstatSync(typed, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && !isReleaseAllowed)
    throw new StateError(
      `"${dir}" is a symbolic link: a release PKI, which is not written by accident`,
      'give --release where that is meant',
    );
  if (isLink && !existsSync(typed))
    throw new StateError(`"${dir}" is a dangling symbolic link`, 'mend or remove the link');
  return realPath(typed);
}

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

/** Throws a StateError where there is no PKI, or where it must not be written. */
export function openDirectory(options: DirectoryOptions, isWriting: boolean): OpenDirectory {
  const typed = resolve(options.dir);
  if (!lstatSync(typed, { throwIfNoEntry: false }))
    throw new StateError(`"${options.dir}" is not there`, 'give the PKI directory: --dir DIR');
  const path = isWriting ? pathToWrite(options) : realPath(typed);
  if (!existsSync(path) || !lstatSync(path).isDirectory())
    throw new StateError(`"${options.dir}" is no directory`, 'give the PKI directory: --dir DIR');
  const folders = options.configurationFolders;
  const settings = withRecorded(readSettings(folders, { now: new Date() }), folders, readManifest(path));
  return { directory: readPkiDirectory(path), settings, options };
}

/** The same for a verb that writes: what an interrupted run had begun is finished first. */
export const openForWriting = (
  options: DirectoryOptions,
  { signal }: AbortController,
  note: (text: string) => void,
): Promise<OpenDirectory> => finished(openDirectory(options, true), signal, note);

/** Read again where a journal had to be finished. */
async function finished(open: OpenDirectory, signal: AbortSignal, note: Authority['note']): Promise<OpenDirectory> {
  const isNews = await finishBefore(open.directory.path, signal, text => note(`trustme-pki: ${text}`));
  return isNews ? openDirectory(open.options, true) : open;
}

/** The CAs of a directory by stem, cross-certificates last. Certificates of UEFI keys are no CAs of anything. */
export const authoritiesOf = ({ directory }: OpenDirectory): readonly CertificateFile[] =>
  signersFirst(
    directory,
    directory.certificates.filter(({ certificate, file }) => certificate.ca && file.endsWith('.cert')),
  );

export function findAuthority(open: OpenDirectory, stem: string): CertificateFile {
  const all = authoritiesOf(open);
  const found = all.find(each => each.stem === stem);
  if (found) return found;
  const names = all.map(each => each.stem);
  const close = nearest(stem, names);
  const hint = close ? `did you mean "${close}"?` : `its CAs: ${names.join(', ') || 'none'}`;
  throw new UsageError(`"${open.options.dir}" has no CA "${stem}"`, hint);
}

/** Read again where another run, which had the lock of a CA, renewed that or one above it. */
function upToDate(open: OpenDirectory, stem: string): OpenDirectory {
  const { path } = open.directory;
  const own = findAuthority(open, stem);
  const isSame = ({ file, certificate }: CertificateFile) =>
    readCertificateFile(path, file)?.certificate.raw.equals(certificate.raw) ?? false;
  if ([own, ...issuersOf(own, authoritiesOf(open))].every(isSame)) return open;
  return { ...open, directory: readPkiDirectory(path) };
}

/**
 * Locks a CA and opens its database, which is built first where an old script left none. Not with the lock of the
 * directory held: a run that was killed while it had the CA may have left a journal, which needs that one.
 */
export async function openAuthority(
  given: OpenDirectory,
  stem: string,
  controller: AbortController,
  note: (text: string) => void,
): Promise<Authority> {
  const { signal } = controller;
  const { path } = given.directory;
  for (let open = given; ; open = await finished(open, signal, note)) {
    findAuthority(open, stem);
    refuseWithoutKey(open, stem);
    const lock = await lockAuthority(path, stem, signal, () => note(`trustme-pki: waiting for another run on ${stem}`));
    try {
      if (!hasJournal(path)) return await openLocked(upToDate(open, stem), stem, lock, controller, note);
    } catch (error) {
      lock.release();
      throw error;
    }
    // Who waits for the directory holds no CA: whoever has the directory may be waiting for that.
    lock.release();
  }
}

/** The same with its lock taken, which `close` releases. */
export async function openLocked(
  open: OpenDirectory,
  stem: string,
  lock: Lock,
  controller: AbortController,
  note: (text: string) => void,
): Promise<Authority> {
  const certificate = findAuthority(open, stem);
  const { path } = open.directory;
  const folder = join(path, databaseFolder(stem));
  for (const name of readdirSync(folder)) if (name.startsWith(WORK)) removeTree(join(folder, name));
  removeDrafts(path, stem);
  if (!hasDatabase(path, stem)) {
    const count = buildDatabase(open.directory, certificate);
    note(`trustme-pki: ${stem} had no database: built it from the ${count} certificates in the directory`);
  }
  completeDatabase(path, stem);
  mendDatabase(path, certificate);
  const work = mkdtempSync(join(folder, WORK));
  return {
    stem,
    path,
    open,
    certificate,
    above: issuersOf(certificate, authoritiesOf(open)),
    configuration: await configurationOf(open, certificate),
    key: keyOf(open, stem),
    surroundings: surroundingsIn(path, open.options.environment, controller),
    work,
    copies: new RequestCopies(join(work, 'requests')),
    note,
    close() {
      removeTree(work);
      lock.release();
    },
  };
}

const WORK = 'work.';
