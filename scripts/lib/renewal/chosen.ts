// A renewal from choice to outcome: what entities describe is published as a whole, what `issue` made follows one by one.
import { readRows } from '../authority/database.ts';
import { hasDatabase } from '../authority/old-directory.ts';
import { type OpenDirectory, openDirectory } from '../authority/open.ts';
import { heldBy } from '../model/uefi.ts';
import type { PlanReport } from '../run/report.ts';
import { serialOf } from '../store/database-rows.ts';
import { isRetired } from '../store/retired.ts';
import type { Hindrance } from './hindrance.ts';
import type { ListChange } from './inputs.ts';
import { reissueAll, type WithProfile, withProfiles } from './issued.ts';
import { keepFormer, listsOf } from './lists.ts';
import type { Outcome } from './renew.ts';
import { type Choice, presentIn, type Selection, selectCertificates } from './select.ts';
import { inSession, type Making, renewSelected, type Session, stemsOfIssuers } from './session.ts';

export interface RenewalOptions extends Choice, Making {
  /** Whether what is replaced stays in the lists of UEFI variables. */
  readonly isKeepingFormer?: boolean;
}

export interface SessionOutcome extends Outcome {
  /** What expires, or is below, and cannot be renewed here. */
  readonly hindered: readonly Hindrance[];
  /** What is below a renewed CA and keeps its certificate. */
  readonly dependants: readonly string[];
  /** Valid certificates that renewed CAs gave to requests from outside, by CA: they are not here to be renewed. */
  readonly elsewhere: Readonly<Record<string, number>>;
}

/** Renews what is chosen, under the lock of the directory and those of the CAs that sign or are renewed. */
export function renew(
  given: OpenDirectory,
  options: RenewalOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Renewing> {
  return inSession(given, report, controller, async session => {
    const { open, settings, now } = session;
    const { hierarchy } = settings.configuration;
    const names = options.isKeepingFormer ? options.names.map(name => heldBy(hierarchy, name)) : options.names;
    const selected = selectCertificates({ ...options, names }, presentIn(open.directory), hierarchy, now);
    const selection = await withProfiles(open, selected, options.expiring !== undefined);
    const there = listsOf(open.directory, hierarchy);
    const lists = options.isKeepingFormer ? keepFormer(there, open.directory, hierarchy, selection) : there;
    const change = { lists, touched: new Set<string>(), clearsPlatformKey: false };
    return renewSelection(session, selection, change, options);
  });
}

/** `failure` is what kept something that `issue` made from a new certificate; undefined: nothing did. */
export interface Renewing {
  readonly outcome: SessionOutcome;
  readonly failure: unknown;
}

/** Makes what is selected, and UEFI variables as `change` asks: as renewSelected, and then what `issue` made. */
export async function renewSelection(
  session: Session,
  selection: Selection & { readonly issued: readonly WithProfile[] },
  change: ListChange,
  making: Making,
): Promise<Renewing> {
  const { open, now, locks, report, controller } = session;
  // Before new rows are there.
  const others = elsewhere(open, selection, now);
  const published: Outcome[] = [];
  if (selection.entities.size > 0) published.push(await renewSelected(session, selection, change, making));
  else await locks.take(stemsOfIssuers(selection));
  // Each sees what was published before it.
  const again = () => openDirectory(open.options, true);
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
