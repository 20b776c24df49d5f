// A renewal from choice to outcome: locks taken, configuration read as the directory was made with it, inputs drawn.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readRows } from '../authority/database.ts';
import { passphraseOf, tokenOf } from '../authority/directory-key.ts';
import { hasDatabase } from '../authority/old-directory.ts';
import { type Authority, type OpenDirectory, openAuthority, openDirectory } from '../authority/open.ts';
import { refuseAuthority } from '../authority/refuse-authority.ts';
import { passphraseVariable, randomSerial } from '../generate/prepare.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { formatKeyType } from '../model/key-type.ts';
import { type KeyType, keepsDatabase } from '../model/types.ts';
import type { RenewalInputs } from '../plan/renewal.ts';
import { surroundingsIn } from '../run/exec.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { takeLock } from '../run/lock.ts';
import type { PlanReport } from '../run/report.ts';
import { serialOf } from '../store/database-rows.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { readManifest } from '../store/manifest.ts';
import { keyFileOf, lockFile, updateFile } from '../store/names.ts';
import { packageVersion } from '../store/package.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import { loadTemplates } from '../store/templates.ts';
import { findTokenRoad } from '../store/token-road.ts';
import { type Configured, hierarchyThere, tokenFor } from './entities.ts';
import { type Hindrance, refuseWithoutKeys } from './hindrance.ts';
import { reissue } from './issued.ts';
import { type Outcome, renewEntities } from './renew.ts';
import { isRetired } from './retired.ts';
import { type Choice, type Selection, selectCertificates } from './select.ts';
import { ownersOf, timesOf } from './variables.ts';

export interface RenewalOptions extends Choice {
  /** Commands side by side. */
  readonly width: number;
  /** Whether keys that a token lacks are made there. */
  readonly mayGenerateInTokens?: boolean;
}

export interface SessionOutcome extends Outcome {
  /** What expires and cannot be renewed here. */
  readonly hindered: readonly Hindrance[];
  /** What is below a renewed CA and keeps its certificate. */
  readonly dependants: readonly string[];
  /** Valid certificates that renewed CAs gave to requests from outside, by CA: they are not here to be renewed. */
  readonly elsewhere: Readonly<Record<string, number>>;
}

/** Renews what is chosen, under the lock of the directory and those of the CAs that sign. */
export async function renew(
  given: OpenDirectory,
  options: RenewalOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<SessionOutcome> {
  const { path } = given.directory;
  const lock = await takeLock(lockFile(path), controller.signal, () =>
    report.note(`waiting for another run on ${path}`),
  );
  try {
    finishInterrupted(path, text => report.note(text));
    // What another run changed while this one waited for the lock.
    const open = openDirectory(given.options, true);
    const now = new Date();
    const settings = settingsOf(open, now);
    const selection = selectCertificates(options, open.directory, settings.configuration.hierarchy, now);
    // Before new rows are there.
    const others = elsewhere(open, selection, now);
    const parts: Outcome[] = [];
    if (selection.entities.size > 0)
      parts.push(await renewSelected(open, settings, selection, options, now, report, controller));
    for (const each of selection.issued)
      parts.push(await reissue(openDirectory(given.options, true), each, report, controller));
    return {
      renewed: parts.flatMap(({ renewed }) => renewed),
      files: parts.flatMap(({ files }) => files),
      fieldUpdates: parts.flatMap(({ fieldUpdates }) => fieldUpdates),
      hindered: selection.hindered,
      dependants: selection.dependants,
      elsewhere: others,
    };
  } finally {
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

/** Brand and key type are no mistake of the configuration: they were options. */
function settingsOf({ directory, options }: OpenDirectory, now: Date, keyType?: KeyType): Settings {
  const root = directory.certificates.find(({ stem }) => stem === 'gen_rootca')?.certificate.subject ?? '';
  const brand = readManifest(directory.path)?.brand ?? (/^CN=GyroidOS /m.test(root) ? 'GyroidOS' : undefined);
  return readSettings(options.configurationFolders, { brand, keyType, now });
}

/** The configuration for each type of key, read once. */
function configuredFor(open: OpenDirectory, now: Date): Configured {
  const known = new Map<string, Hierarchy>();
  return keyType => {
    const name = formatKeyType(keyType);
    const hierarchy = known.get(name) ?? settingsOf(open, now, keyType).configuration.hierarchy;
    known.set(name, hierarchy);
    return hierarchy;
  };
}

async function renewSelected(
  open: OpenDirectory,
  settings: Settings,
  selection: Selection,
  options: RenewalOptions,
  now: Date,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const authorities = new Map<string, Authority>();
  try {
    const inputs = await inputsOf(open, settings, selection, now, options);
    refuseWithoutKeys(open.directory, selection, inputs);
    const signers = new Set([...selection.entities].map(stem => inputs.hierarchy.get(stem)!.issuer));
    // Always in one order: two runs never wait for each other.
    for (const stem of [...signers].sort()) {
      if (!keepsDatabase(inputs.hierarchy.get(stem)!)) continue;
      const authority = await openAuthority(open, stem, controller, text => report.note(text));
      authorities.set(stem, authority);
      if (!selection.entities.has(stem)) refuseAuthority(authority);
    }
    const surroundings = surroundingsIn(open.directory.path, open.options.environment, controller);
    return await renewEntities(
      { directory: open.directory, selection, inputs, authorities, surroundings, width: options.width },
      report,
    );
  } finally {
    for (const authority of authorities.values()) authority.close();
  }
}

async function inputsOf(
  open: OpenDirectory,
  { configuration, templates }: Settings,
  selection: Selection,
  now: Date,
  { mayGenerateInTokens = false }: RenewalOptions,
): Promise<RenewalInputs> {
  const { directory, options } = open;
  const { entities, rekeyed } = selection;
  const hierarchy = hierarchyThere(
    configuration.hierarchy,
    directory.certificates,
    selection,
    configuredFor(open, now),
    entity => tokenFor(entity, tokenOf(open, entity.keyOf), rekeyed),
    now,
  );
  const serials = new Map([...entities].map(stem => [stem, randomSerial(hierarchy.get(stem)!.serialOctets)]));
  const owners = ownersOf(directory);
  const inToken = new Set([...hierarchy.values()].filter(({ token }) => token).map(keyFileOf));
  const has = (file: string) => existsSync(join(directory.path, file));
  return {
    hierarchy,
    wanted: entities,
    keysAtHand: new Set([...entities].filter(stem => !rekeyed.has(stem))),
    templateOf: await loadTemplates(templates),
    version: packageVersion(),
    // A key keeps its passphrase; where it is not here, the configuration says what it would be.
    passphraseOf: entity =>
      directory.keys.has(entity.stem)
        ? passphraseOf(open, entity.stem)
        : passphraseVariable(entity, options.environment),
    serialOf: stem => serials.get(stem)!,
    ownerOf: ({ stem }) => owners.get(stem)!,
    timeOf: timesOf(directory.path, hierarchy, now),
    exports: DERIVED_EXPORTS.filter(({ key }) => !key || (has(key) && !inToken.has(key))),
    hasVariable: stem => has(updateFile(stem)),
    mayGenerateInTokens,
    formerTokenOf: stem => tokenOf(open, stem),
    tokenRoad: inToken.size > 0 ? findTokenRoad(options.environment) : 'engine',
  };
}
