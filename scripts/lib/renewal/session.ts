// What a renewal works in: locks taken, configuration read as the directory was made with it, inputs drawn.
import { join } from 'node:path';
import { type Authority, type OpenDirectory, openDirectory, openLocked } from '../authority/open.ts';
import { refuseAuthority } from '../authority/refuse-authority.ts';
import { refuseLost } from '../check/lists.ts';
import { refuseForFirmware, refuseUnfit, requireKeyTypes } from '../generate/fitness.ts';
import { shellWord } from '../model/shell-word.ts';
import { keepsDatabase } from '../model/types.ts';
import { planRenewal, type RenewalInputs, variablesOf } from '../plan/renewal.ts';
import { surroundingsIn } from '../run/exec.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { takeDirectoryLock } from '../run/lock.ts';
import type { PlanReport } from '../run/report.ts';
import { listFile } from '../store/names.ts';
import type { Settings } from '../store/settings.ts';
import { ofOtherKind } from './entities.ts';
import { refuseWithoutCertificates, refuseWithoutKeys } from './hindrance.ts';
import { inputsOf, type ListChange, settingsOf } from './inputs.ts';
import { unrecorded } from './lists.ts';
import { AuthorityLocks, HELD, Outdated } from './locks.ts';
import { refuseForgotten } from './own-configuration.ts';
import { type Outcome, renewEntities } from './renew.ts';
import type { Selection } from './select.ts';

/** How certificates and keys are made. */
export interface Making {
  /** Commands side by side. */
  readonly width: number;
  /** Whether keys that a token lacks are made there. */
  readonly mayGenerateInTokens?: boolean;
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

/** The CAs of what no entity describes. */
export const stemsOfIssuers = ({ issued }: Selection): string[] => issued.map(({ issuer }) => issuer);

/**
 * Makes new certificates for `selection`, and UEFI variables as `change` asks, with the locks of the CAs that sign or are
 * renewed, which stay locked. Throws Outdated where it had to wait for one: what `selection` was chosen from may have changed.
 */
export async function renewSelected(
  { open, settings, now, report, controller, locks }: Session,
  selection: Selection,
  change: ListChange,
  { width, mayGenerateInTokens = false }: Making,
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
  await locks.take([...[...signers, ...selection.entities].filter(isDatabase), ...stemsOfIssuers(selection)]);
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
