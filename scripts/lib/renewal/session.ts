// A renewal from choice to outcome: locks taken, configuration read as the directory was made with it, inputs drawn.
import { join } from 'node:path';
import { readRows } from '../authority/database.ts';
import { hasDatabase } from '../authority/old-directory.ts';
import { type Authority, type OpenDirectory, openDirectory, openLocked } from '../authority/open.ts';
import { refuseAuthority } from '../authority/refuse-authority.ts';
import { refuseLost } from '../check/lists.ts';
import { refuseForFirmware, refuseUnfit, requireKeyTypes } from '../generate/fitness.ts';
import { shellWord } from '../model/shell-word.ts';
import { keepsDatabase } from '../model/types.ts';
import { heldBy } from '../model/uefi.ts';
import { planRenewal, type RenewalInputs, variablesOf } from '../plan/renewal.ts';
import { surroundingsIn } from '../run/exec.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { takeDirectoryLock } from '../run/lock.ts';
import type { PlanReport } from '../run/report.ts';
import { serialOf } from '../store/database-rows.ts';
import { listFile } from '../store/names.ts';
import { isRetired } from '../store/retired.ts';
import type { Settings } from '../store/settings.ts';
import { ofOtherKind } from './entities.ts';
import { type Hindrance, refuseWithoutCertificates, refuseWithoutKeys } from './hindrance.ts';
import { inputsOf, type ListChange, settingsOf } from './inputs.ts';
import { reissueAll, withProfiles } from './issued.ts';
import { keepFormer, listsOf, unrecorded } from './lists.ts';
import { AuthorityLocks, HELD, Outdated } from './locks.ts';
import { refuseForgotten } from './own-configuration.ts';
import { type Outcome, renewEntities } from './renew.ts';
import { type Choice, presentIn, type Selection, selectCertificates } from './select.ts';

export interface RenewalOptions extends Choice {
  /** Commands side by side. */
  readonly width: number;
  /** Whether what is replaced stays in the lists of UEFI variables. */
  readonly isKeepingFormer?: boolean;
  /** Whether keys that a token lacks are made there. */
  readonly mayGenerateInTokens?: boolean;
}

export interface SessionOutcome extends Outcome {
  /** What expires, or is below, and cannot be renewed here. */
  readonly hindered: readonly Hindrance[];
  /** What is below a renewed CA and keeps its certificate. */
  readonly dependants: readonly string[];
  /** Valid certificates that renewed CAs gave to requests from outside, by CA: they are not here to be renewed. */
  readonly elsewhere: Readonly<Record<string, number>>;
}

/**
 * Renews what is chosen, under the lock of the directory and those of the CAs that sign or are renewed. What entities
 * describe is published as a whole, what `issue` made follows one by one: `failure` is what kept one of these from it.
 */
export function renew(
  given: OpenDirectory,
  options: RenewalOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<{ readonly outcome: SessionOutcome; readonly failure: unknown }> {
  return inSession(given, report, controller, async session => {
    const { open, settings, now, locks } = session;
    const { hierarchy } = settings.configuration;
    const names = options.isKeepingFormer ? options.names.map(name => heldBy(hierarchy, name)) : options.names;
    const selected = selectCertificates({ ...options, names }, presentIn(open.directory), hierarchy, now);
    const selection = await withProfiles(open, selected, options.expiring !== undefined);
    // Before new rows are there.
    const others = elsewhere(open, selection, now);
    const there = listsOf(open.directory, hierarchy);
    const lists = options.isKeepingFormer ? keepFormer(there, open.directory, hierarchy, selection) : there;
    const change = { lists, touched: new Set<string>(), clearsPlatformKey: false };
    const published: Outcome[] = [];
    if (selection.entities.size > 0) published.push(await renewSelected(session, selection, change, options));
    else await locks.take(issuersOf(selection));
    // Each sees what was published before it.
    const again = () => openDirectory(given.options, true);
    const { parts, failure } = await reissueAll(again, selection.issued, published, report, controller);
    const outcome = {
      renewed: parts.flatMap(({ renewed }) => renewed),
      files: parts.flatMap(({ files }) => files),
      fieldUpdates: parts.flatMap(({ fieldUpdates }) => fieldUpdates),
      hindered: selection.hindered,
      dependants: selection.dependants,
      elsewhere: others,
    };
    return { outcome, failure };
  });
}

/** A directory that is locked, and everything read from it since. */
export interface Session {
  readonly open: OpenDirectory;
  readonly settings: Settings;
  readonly now: Date;
  readonly report: PlanReport;
  readonly controller: AbortController;
  readonly locks: AuthorityLocks;
}

/**
 * Locks the directory, finishes what an interrupted run began, and reads it again: another run may have changed it. The
 * work begins anew where it had to wait for a CA.
 */
export async function inSession<T>(
  given: OpenDirectory,
  report: PlanReport,
  controller: AbortController,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { path } = given.directory;
  const lock = await takeDirectoryLock(path, controller.signal, () =>
    report.note(`waiting for another run on ${path}`),
  );
  const locks = new AuthorityLocks(path, controller, text => report.note(text));
  try {
    await finishInterrupted(path, controller.signal, text => report.note(text));
    for (;;) {
      const open = openDirectory(given.options, true);
      const now = new Date();
      try {
        return await work({ open, settings: settingsOf(open, now), now, report, controller, locks });
      } catch (failure) {
        if (!(failure instanceof Outdated)) throw failure;
      }
    }
  } finally {
    locks.release();
    lock.release();
  }
}

function elsewhere({ directory: { path, certificates } }: OpenDirectory, { entities }: Selection, now: Date) {
  const here = new Set(certificates.map(({ certificate }) => serialOf(certificate.serialNumber)));
  const counts = [...entities].flatMap((ca): [string, number][] => {
    if (!hasDatabase(path, ca)) return [];
    const valid = readRows(path, ca).filter(({ status, expiry }) => status === 'V' && expiry > now);
    const others = valid.filter(({ serial }) => !here.has(serial) && !isRetired(path, serial));
    return others.length > 0 ? [[ca, others.length]] : [];
  });
  return Object.fromEntries(counts);
}

/** The CAs of what no entity describes. */
const issuersOf = ({ issued }: Selection): string[] => issued.map(({ issuer }) => issuer);

/**
 * Makes new certificates for `selection`, and UEFI variables as `change` asks, with the locks of the CAs that sign or are
 * renewed, which stay locked. Throws Outdated where it had to wait for one: what `selection` was chosen from may have changed.
 */
export async function renewSelected(
  { open, settings, now, report, controller, locks }: Session,
  selection: Selection,
  change: ListChange,
  { width, mayGenerateInTokens = false }: Pick<RenewalOptions, 'width' | 'mayGenerateInTokens'>,
): Promise<Outcome> {
  const inputs = await inputsOf(open, settings, selection, change, now, mayGenerateInTokens);
  for (const { stem, variable } of variablesOf(inputs)) refuseLost(open.directory, stem, variable.contains);
  const changed = ofOtherKind(selection.rekeyed, inputs.hierarchy, open.directory.certificates);
  await refuseUnfit(changed, undefined);
  refuseForFirmware(changed);
  const surroundings = surroundingsIn(open.directory.path, open.options.environment, controller);
  await requireKeyTypes(changed, undefined, surroundings);
  refuseWithoutKeys(open.directory, selection, inputs);
  refuseWithoutCertificates(open.directory, selection, inputs);
  const wanted = { directory: open.directory, selection, inputs, plan: planRenewal(inputs), settings };
  if (open.options.configurationFolders.length === 0) refuseForgotten(wanted);
  const signers = new Set([...selection.entities].map(stem => inputs.hierarchy.get(stem)!.issuer));
  const isDatabase = (stem: string) => keepsDatabase(inputs.hierarchy.get(stem)!);
  await locks.take([...[...signers, ...selection.entities].filter(isDatabase), ...issuersOf(selection)]);
  const authorities = new Map<string, Authority>();
  try {
    noteUnrecorded(open, inputs, change, report);
    for (const stem of selection.rekeyed)
      if (!open.directory.keys.has(stem))
        report.note(`trustme-pki: the old key of ${stem} is not in the directory, and so is not kept`);
    for (const stem of [...signers].filter(isDatabase)) {
      const authority = await openLocked(open, stem, HELD, controller, text => report.note(text));
      authorities.set(stem, authority);
      const signs = (each: string) => inputs.hierarchy.get(each)!.issuer === stem && !change.imported?.has(each);
      if (!selection.entities.has(stem) && [...selection.entities].some(signs)) refuseAuthority(authority);
    }
    const { lists, removed = [] } = change;
    return await renewEntities({ ...wanted, lists, removed, authorities, surroundings, width }, report);
  } finally {
    for (const authority of authorities.values()) authority.close();
  }
}

/** What stays in lists that are signed again, and no run of ours put there. */
function noteUnrecorded(
  { directory, options }: OpenDirectory,
  inputs: RenewalInputs,
  { lists }: ListChange,
  report: PlanReport,
) {
  const signed = new Set(variablesOf(inputs).map(({ stem }) => stem));
  for (const [stem, entries] of unrecorded(directory, lists))
    if (signed.has(stem))
      report.note(
        `trustme-pki: "${listFile(stem)}" keeps ${entries.length === 1 ? 'an entry' : `${entries.length} entries`} that nobody recorded: trustme-pki uefi show ${shellWord(join(options.dir, listFile(stem)))}`,
      );
}
