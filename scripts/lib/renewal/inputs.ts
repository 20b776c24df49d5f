// What a renewal is planned from: configuration read as the directory was made with it, keys and passphrases, serials
// and times drawn.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { passphraseOf, tokenOf } from '../authority/directory-key.ts';
import type { OpenDirectory } from '../authority/open.ts';
import { withRecorded } from '../check/record.ts';
import { passphraseVariable } from '../generate/prepare.ts';
import { serialFor } from '../generate/serial.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { KeyType, Supplied } from '../model/types.ts';
import { DBX, filling } from '../model/uefi.ts';
import { freshFile, othersFile, type RenewalInputs } from '../plan/renewal.ts';
import { parseCertificate } from '../store/certificate.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { firstCertificate } from '../store/files.ts';
import { brandOf, describeSources, isShipped, type Manifest, readManifest } from '../store/manifest.ts';
import { CLEAR_PK, keyFileOf, updateFile } from '../store/names.ts';
import { packageVersion } from '../store/package.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import { loadTemplates } from '../store/templates.ts';
import { findTokenRoad } from '../store/token-road.ts';
import { hierarchyThere, tokenFor } from './entities.ts';
import type { Lists } from './lists.ts';
import type { Selection } from './select.ts';
import { ownersOf, timesOf } from './variables.ts';

/** What happens to UEFI variables beside what their certificates ask for. */
export interface ListChange {
  readonly lists: Lists;
  /** Stems of variables that are made again. */
  readonly touched: ReadonlySet<string>;
  /** Whether the update that empties PK is made. */
  readonly clearsPlatformKey: boolean;
  /** Files that go with what is published, by their path. */
  readonly removed?: readonly string[];
  /** Certificates that were made elsewhere, and the keys that they are for, by stem. */
  readonly imported?: ReadonlyMap<string, Supplied>;
}

/** Brand and key type are no mistake of the configuration: they were options. */
export function settingsOf({ directory, options }: OpenDirectory, now: Date, keyType?: KeyType): Settings {
  const folders = options.configurationFolders;
  const manifest = readManifest(directory.path);
  const settings = readSettings(folders, { brand: brandOf(directory), keyType, now });
  const kept = saysNewBrand(settings, manifest) ? readSettings(folders, { keyType, now }) : settings;
  return withRecorded(kept, folders, manifest);
}

/** Whether a file of one's own has another brand than the directory, and no option had overruled it: it says so since. */
function saysNewBrand({ configuration: { defaults }, sources }: Settings, manifest: Manifest | undefined): boolean {
  const { value, overrode } = defaults.get('')?.get('brand') ?? {};
  if (!overrode || overrode.value === value || isShipped(overrode.file)) return false;
  const digest = describeSources(sources)[overrode.file]!;
  return !Object.values(manifest?.sources ?? {}).includes(digest);
}

/** `now` is the time of what is made. */
export async function inputsOf(
  open: OpenDirectory,
  { configuration, templates }: Settings,
  selection: Selection,
  { lists, touched, clearsPlatformKey, imported = new Map() }: ListChange,
  now: Date,
  mayGenerateInTokens: boolean,
): Promise<RenewalInputs> {
  const { directory, options } = open;
  const { entities, rekeyed } = selection;
  const ours = new Set([...entities].filter(stem => !imported.has(stem)));
  const there = hierarchyThere(
    configuration.hierarchy,
    // A key whose certificate has come is as that says.
    directory.certificates.map(each => {
      const { certificate } = imported.get(each.stem) ?? {};
      return certificate === undefined
        ? each
        : { ...each, certificate: parseCertificate(firstCertificate(certificate)) };
    }),
    { ...selection, entities: ours, rekeyed: new Set([...rekeyed].filter(stem => !imported.has(stem))) },
    entity => tokenFor(entity, tokenOf(open, entity.keyOf), rekeyed),
    now,
  );
  const hierarchy = new Map(
    [...there].map(([stem, entity]) => [stem, { ...entity, supplied: imported.get(stem) ?? entity.supplied }]),
  );
  const serials = new Map([...entities].map(stem => [stem, serialFor(hierarchy.get(stem)!)]));
  const owners = ownersOf(directory);
  const inToken = new Set([...hierarchy.values()].filter(({ token }) => token).map(keyFileOf));
  const has = (file: string) => existsSync(join(directory.path, file));
  return {
    hierarchy,
    wanted: entities,
    keysAtHand: new Set([...entities].filter(stem => !rekeyed.has(stem))),
    templateOf: await loadTemplates(templates),
    version: packageVersion(),
    // A key keeps its passphrase, but none has a token's PIN; where it is not here, the configuration says what it would be.
    passphraseOf: entity =>
      directory.keys.has(entity.stem) && (entity.token || !tokenOf(open, entity.stem))
        ? passphraseOf(open, entity.stem)
        : passphraseVariable(entity, options.environment),
    serialOf: stem => serials.get(stem)!,
    // What else is on the way to firmware is the platform owner's.
    ownerOf: stem => owners.get(stem === DBX ? filling(hierarchy, 'db') : stem)!,
    othersOf: stem => (lists.get(stem)?.all.length ? othersFile(stem) : undefined),
    freshOf: stem => (lists.get(stem)?.fresh.length ? freshFile(stem) : undefined),
    touched,
    timeOf: timesOf(directory.path, hierarchy, now),
    exports: DERIVED_EXPORTS.filter(({ key }) => !key || (has(key) && !inToken.has(key))),
    hasVariable: stem => has(updateFile(stem)),
    // A new PK is not emptied by what the old one signed.
    clearsPlatformKey: clearsPlatformKey || (has(CLEAR_PK) && entities.has(filling(hierarchy, 'PK'))),
    mayGenerateInTokens,
    formerTokenOf: stem => tokenOf(open, stem),
    tokenRoad: inToken.size > 0 ? findTokenRoad(options.environment) : 'engine',
  };
}

/** The entities of a directory as they are, those of `rekeyed` with keys where the configuration wants them. */
export const entitiesThere = (
  open: OpenDirectory,
  hierarchy: Hierarchy,
  rekeyed: ReadonlySet<string>,
  now: Date,
): Hierarchy =>
  hierarchyThere(
    hierarchy,
    open.directory.certificates,
    { entities: new Set(), prolonged: new Set(), rekeyed },
    entity => tokenFor(entity, tokenOf(open, entity.keyOf), rekeyed),
    now,
  );
