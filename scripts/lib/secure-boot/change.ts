// Changes of UEFI lists: entries join and leave, and the updates that carry that are signed, all in one step.
import type { OpenDirectory } from '../authority/open.ts';
import { refuseLost } from '../check/lists.ts';
import { StateError, UsageError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import { isSame, type Signature, X509_GUID } from '../model/signature-list.ts';
import type { VariableName } from '../model/types.ts';
import { DBX, filling, type VariableFiles, variablesIn } from '../model/uefi.ts';
import { type Lists, listsOf } from '../renewal/lists.ts';
import type { Outcome } from '../renewal/renew.ts';
import { inSession, renewSelected, type Session } from '../renewal/session.ts';
import { ownersOf } from '../renewal/variables.ts';
import type { PlanReport } from '../run/report.ts';
import { byStem } from '../store/directory.ts';
import { fieldUpdateFile } from '../store/names.ts';
import { retiredCertificates } from '../store/retired.ts';
import { digestOf } from '../store/signature-digest.ts';
import { warningOfHashed, warningsOfChange } from './change-warnings.ts';
import { contradictionsTo } from './contradictions.ts';
import { entryForDbx, refuseLengths } from './edk2.ts';
import { otherOwners } from './entries.ts';

export interface ChangeOptions {
  readonly given: OpenDirectory;
  /** Commands side by side. */
  readonly width: number;
  readonly report: PlanReport;
  readonly controller: AbortController;
}

export interface Changed extends Pick<Outcome, 'files' | 'fieldUpdates'> {
  readonly variable: VariableName;
  readonly added: readonly Signature[];
  readonly removed: readonly Signature[];
  /** Stem of the variable's files. */
  readonly stem: string;
  /** What some firmware does not take of it. */
  readonly warnings: readonly string[];
}

/** A variable under the lock: what its list holds besides our certificates, and how it is written. */
interface OpenVariable extends VariableFiles {
  readonly session: Session;
  /** Certificates of ours. */
  readonly own: readonly Signature[];
  readonly others: readonly Signature[];
  /** GUID of what has no owner of its own. */
  readonly owner: string;
  readonly lists: Lists;
}

function openVariable(session: Session, name: VariableName): OpenVariable {
  const { directory, options } = session.open;
  const { hierarchy } = session.settings.configuration;
  const files = variablesIn(hierarchy).find(({ variable }) => variable.name === name);
  const needed = name === 'dbx' ? filling(hierarchy, 'db') : (files?.stem ?? '');
  if (!files || !directory.updates.has(needed))
    throw new StateError(
      `"${options.dir}" has no UEFI platform keys`,
      `trustme-pki generate --platform-keys --dir ${shellWord(options.dir)}`,
    );
  const lists = listsOf(directory, hierarchy);
  const owners = ownersOf(directory);
  const owner = owners.get(files.stem === DBX ? needed : files.stem)!;
  const known = byStem(directory.certificates);
  const own = files.variable.contains.flatMap(stem => {
    const data = known.get(stem)?.certificate.raw;
    return data ? [{ type: X509_GUID, owner: owners.get(stem) ?? owner, data }] : [];
  });
  return { ...files, session, own, others: lists.get(files.stem)?.all ?? [], owner, lists };
}

/**
 * Adds what `read` gives to a variable, but for what is there; everything of one call is one update. `wantedOwner`
 * is what a person named.
 */
export function addEntries(
  { given, width, report, controller }: ChangeOptions,
  name: VariableName,
  read: (session: Session, owner: string) => Promise<readonly Signature[]>,
  wantedOwner?: string,
): Promise<Changed> {
  if (name === 'PK') throw new UsageError('PK holds one key', 'to replace it: trustme-pki uefi rotate PK');
  return inSession(given, report, controller, async session => {
    const variable = openVariable(session, name);
    refuseLost(session.open.directory, variable.stem, variable.variable.contains);
    const fit = name === 'dbx' ? entryForDbx : (entry: Signature) => entry;
    const wanted = await read(session, variable.owner);
    refuseLengths(wanted);
    const entries = wanted.map(each => fit(withOwnOwner(each, session)));
    const unfit = name === 'KEK' && entries.find(({ type }) => type !== X509_GUID);
    if (unfit) throw new StateError('KEK holds certificates alone', 'give it to db or dbx');
    const there = [...variable.own, ...variable.others];
    const added: Signature[] = [];
    for (const each of entries) if (![...there, ...added].some(other => isSame(each, other))) added.push(each);
    const changed = await write(variable, { all: [...variable.others, ...added], added, removed: [] }, width);
    const owned = wanted.filter(each => each.owner === wantedOwner).map(fit);
    const warnings = [
      ...wanted.filter(each => fit(each) !== each).map(warningOfHashed),
      ...contradictions(session, name, added),
      ...otherOwners(name, owned, [...there, ...added]),
    ];
    return { ...changed, warnings: [...changed.warnings, ...warnings] };
  });
}

/** A certificate of ours has one owner wherever it stands. */
function withOwnOwner(entry: Signature, { open: { directory } }: Session): Signature {
  const own = directory.certificates.find(({ certificate }) => certificate.raw.equals(entry.data));
  const owner = own && ownersOf(directory).get(own.stem);
  return owner === undefined ? entry : { ...entry, owner };
}

/** What db lets boot and dbx forbids. */
function contradictions(session: Session, name: VariableName, added: readonly Signature[]): string[] {
  if (name !== 'db' && name !== 'dbx') return [];
  const other = openVariable(session, name === 'db' ? 'dbx' : 'db');
  return contradictionsTo([...other.own, ...other.others], name, added);
}

/** Takes out what `choose` finds among the entries that are not ours. */
export function removeEntries(
  { given, width, report, controller }: ChangeOptions,
  name: VariableName,
  choose: (session: Session, own: readonly Signature[], others: readonly Signature[]) => Promise<readonly Signature[]>,
): Promise<Changed> {
  return inSession(given, report, controller, async session => {
    const variable = openVariable(session, name);
    refuseLost(session.open.directory, variable.stem, variable.variable.contains);
    const removed = await choose(session, variable.own, variable.others);
    const all = variable.others.filter(each => !removed.includes(each));
    return write(variable, { all, added: [], removed }, width);
  });
}

/** Ends a rotation: what others took the place of leaves the list. */
export const endRotation = (options: ChangeOptions, name: VariableName): Promise<Changed> =>
  removeEntries(options, name, async ({ open: { directory }, settings }, _own, others) => {
    const files = variablesIn(settings.configuration.hierarchy).find(({ variable }) => variable.name === name)!;
    const former = files.variable.contains.flatMap(stem => retiredCertificates(directory.path, stem));
    return others.filter(({ data }) => former.some(({ raw }) => raw.equals(data)));
  });

interface Change {
  readonly all: readonly Signature[];
  readonly added: readonly Signature[];
  readonly removed: readonly Signature[];
}

async function write(
  { session, lists, stem, variable: { name } }: OpenVariable,
  { all, added, removed }: Change,
  width: number,
): Promise<Changed> {
  const outcome = { variable: name, stem, added, removed };
  if (added.length + removed.length === 0) return { ...outcome, files: [], fieldUpdates: [], warnings: [] };
  const change = {
    lists: new Map([...lists, [stem, { all, fresh: added }]]),
    touched: new Set([stem]),
    clearsPlatformKey: false,
    // It would bring back what is taken out.
    removed: removed.length > 0 ? [fieldUpdateFile(stem, true)] : [],
  };
  const { files, fieldUpdates } = await renewSelected(session, NOTHING, change, { width });
  const { path } = session.open.directory;
  const kept = all.filter(each => !added.includes(each));
  const warnings = warningsOfChange(path, files, name, { added, kept });
  return { ...outcome, files, fieldUpdates, warnings };
}

const NOTHING = {
  entities: new Set<string>(),
  rekeyed: new Set<string>(),
  prolonged: new Set<string>(),
  revoked: new Set<string>(),
  issued: [],
  hindered: [],
  dependants: [],
};

/** Makes the update that empties PK; the files that it made. */
export const clearPlatformKey = ({ given, width, report, controller }: ChangeOptions): Promise<readonly string[]> =>
  inSession(given, report, controller, async session => {
    const { lists } = openVariable(session, 'PK');
    const change = { lists, touched: new Set<string>(), clearsPlatformKey: true };
    return (await renewSelected(session, NOTHING, change, { width })).files;
  });

/** The entries that words mean: files, or the first digits of what `uefi show` calls them. */
export function matching(entries: readonly Signature[], word: string): Signature[] {
  const digits = word.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{8,64}$/.test(digits) ? entries.filter(each => digestOf(each).startsWith(digits)) : [];
}
