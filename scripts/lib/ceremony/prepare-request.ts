// What requests are made from: the configuration of a PKI that is not there yet, or the entities of one that is.
import { passphraseOf, tokenOf } from '../authority/directory-key.ts';
import { type DirectoryOptions, openDirectory } from '../authority/open.ts';
import { printable, UsageError } from '../errors.ts';
import { refuseUnfit } from '../generate/fitness.ts';
import type { GenerateOptions } from '../generate/generate.ts';
import { passphraseVariable } from '../generate/prepare.ts';
import { canonicalKeyType, formatKeyType } from '../model/key-type.ts';
import { nearest } from '../model/nearest.ts';
import { type Entity, isSelfSigned } from '../model/types.ts';
import type { IssuingInputs } from '../plan/issuing.ts';
import { keyFacts, ofOtherKind } from '../renewal/entities.ts';
import { entitiesThere, settingsOf } from '../renewal/inputs.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { brandOf } from '../store/manifest.ts';
import { packageVersion } from '../store/package.ts';
import { readSettings } from '../store/settings.ts';
import { loadTemplates } from '../store/templates.ts';
import { findTokenRoad } from '../store/token-road.ts';

export interface Prepared {
  readonly hierarchy: ReadonlyMap<string, Entity>;
  readonly inputs: IssuingInputs;
}

/** For a PKI that is not there yet: what the configuration says. */
export async function prepareNew(options: GenerateOptions): Promise<Prepared> {
  const { configurationFolders, brand, keyType, environment } = options;
  const overrides = { brand, keyType, now: new Date(), isMade: () => true };
  const { configuration, templates } = readSettings(configurationFolders, overrides);
  const { hierarchy } = configuration;
  return {
    hierarchy,
    inputs: {
      templateOf: await loadTemplates(templates),
      version: packageVersion(),
      passphraseOf: entity => passphraseVariable(entity, environment),
      serialOf: () => '',
      tokenRoad: [...hierarchy.values()].some(({ token }) => token) ? findTokenRoad(environment) : 'engine',
      mayGenerateInTokens: options.mayGenerateInTokens ?? false,
    },
  };
}

/** For one that is there: entities as they are, with the keys that they have unless new ones are wanted. */
export async function prepareThere(
  options: GenerateOptions & Pick<DirectoryOptions, 'isReleaseAllowed'>,
  { names, isRekeyed }: { readonly names: readonly string[]; readonly isRekeyed: boolean },
): Promise<Prepared> {
  const { configurationFolders, environment, isReleaseAllowed } = options;
  const open = openDirectory({ dir: options.outDir, isReleaseAllowed, configurationFolders, environment }, true);
  const now = new Date();
  const { configuration, templates } = settingsOf(open, now, options.keyType);
  const kept = new Set(isRekeyed ? [] : names.filter(name => open.directory.keys.has(name)));
  refuseOtherOptions(options, kept, open.directory);
  const rekeyed = new Set(names.filter(name => !kept.has(name)));
  const hierarchy = entitiesThere(open, configuration.hierarchy, rekeyed, now);
  await refuseUnfit(ofOtherKind(rekeyed, hierarchy, open.directory.certificates), options.isWeakForced);
  return {
    hierarchy,
    inputs: {
      templateOf: await loadTemplates(templates),
      version: packageVersion(),
      passphraseOf: entity =>
        kept.has(entity.stem) ? passphraseOf(open, entity.stem) : passphraseVariable(entity, environment),
      serialOf: () => '',
      keysAtHand: kept,
      tokenRoad: names.some(name => hierarchy.get(name)?.token ?? tokenOf(open, name))
        ? findTokenRoad(environment)
        : 'engine',
      mayGenerateInTokens: options.mayGenerateInTokens ?? false,
    },
  };
}

/** Throws a UsageError for a brand or a type of key that what is there does not have: it would be passed over. */
function refuseOtherOptions(
  { brand, keyType }: Pick<GenerateOptions, 'brand' | 'keyType'>,
  kept: ReadonlySet<string>,
  directory: PkiDirectory,
): void {
  const there = brandOf(directory);
  if (brand !== undefined && there !== undefined && brand !== there)
    throw new UsageError(
      `the directory has the brand "${printable(there)}", and --brand "${brand}" is given`,
      'leave --brand out',
    );
  if (!keyType) return;
  const wanted = canonicalKeyType(keyType);
  for (const { stem, certificate } of directory.certificates.filter(each => kept.has(each.stem))) {
    const own = canonicalKeyType(keyFacts(certificate).keyType);
    if (own !== wanted)
      throw new UsageError(
        `the key of ${stem} is ${own}, and --key-type "${formatKeyType(keyType)}" is given`,
        'leave --key-type out; or have a new key made: --rekey',
      );
  }
}

/** Throws a UsageError where nobody can be asked for its certificate. */
export function entityFor(name: string, hierarchy: ReadonlyMap<string, Entity>): Entity {
  const entity = hierarchy.get(name);
  if (!entity) {
    const close = nearest(name, [...hierarchy.keys()]);
    throw new UsageError(
      `no entity is called "${name}"`,
      close ? `did you mean "${close}"?` : 'trustme-pki show lists them',
    );
  }
  if (isSelfSigned(entity))
    throw new UsageError(`${name} signs itself: nobody else is asked`, 'trustme-pki generate, or rekey, makes it');
  if (entity.keyOf !== name)
    throw new UsageError(
      `${name} certifies the key of ${entity.keyOf}`,
      'ask for a certificate of an entity with a key',
    );
  return entity;
}
