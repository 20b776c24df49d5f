// What the manifest tells of the run that made a directory.
import type { Overrides } from '../model/configuration.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { Entity, KeyType } from '../model/types.ts';
import { filledVariables, VARIABLE_ORDER, type VariableFiles, withDbx } from '../model/uefi.ts';
import { words } from '../model/values.ts';
import type { Manifest, ManifestRecord } from '../store/manifest.ts';
import type { Settings } from '../store/settings.ts';

/** The variables that may hold the passphrase of the key of a stem; empty: it is not encrypted, or nobody recorded them. */
export const recordedVariables = (manifest: Manifest | undefined, stem: string): string[] =>
  words(manifest?.entities[stem]?.passphraseVariables);

/** The UEFI variables of a directory as it was made; of those that nobody recorded, as the configuration has them. */
export function variablesAsMade(hierarchy: Hierarchy, manifest: Manifest | undefined): VariableFiles[] {
  const recorded = Object.entries(manifest?.entities ?? {}).flatMap(([stem, { variable, contains, authoriser }]) => {
    const name = VARIABLE_ORDER.find(each => each === variable);
    return name && authoriser ? [{ stem, variable: { name, contains: words(contains), authoriser } }] : [];
  });
  const isRecorded = (name: string) => recorded.some(({ variable }) => variable.name === name);
  const others = filledVariables(hierarchy.values()).filter(({ variable }) => !isRecorded(variable.name));
  return withDbx([...recorded, ...others]);
}

/** Where no configuration folder is given, the passphrases are those of the configuration that the directory was made with. */
export function withRecorded(settings: Settings, folders: readonly string[], manifest: Manifest | undefined): Settings {
  if (folders.length > 0 || !manifest) return settings;
  const { configuration } = settings;
  const own = (entity: Entity): Entity => {
    const passphraseVariables = recordedVariables(manifest, entity.stem);
    return passphraseVariables.length > 0 ? { ...entity, passphraseVariables } : entity;
  };
  const hierarchy = new Map([...configuration.hierarchy].map(([stem, entity]) => [stem, own(entity)]));
  return { ...settings, configuration: { ...configuration, hierarchy } };
}

/**
 * What the command line said when it was made: brand, time, and a key type that all keys share. UEFI platform keys may
 * have come later, with another one.
 */
export function overridesOf(record: ManifestRecord, now: Date, isPlatform = false): Overrides {
  if (record.state !== 'read') return { now };
  const { brand, created } = record.manifest;
  const made = new Date(created);
  return { brand, keyType: sharedKeyType(record.manifest, isPlatform), now: Number.isNaN(made.getTime()) ? now : made };
}

function sharedKeyType({ entities }: Manifest, isPlatform: boolean): KeyType | undefined {
  const asked = Object.values(entities).filter(
    ({ certificate, key }) => certificate.endsWith('.crt') === isPlatform && key === undefined,
  );
  const types = new Set(asked.map(({ keyType }) => String(keyType).replace(/ \(.*\)$/, '')));
  const [type] = types;
  if (types.size !== 1 || type === undefined) return undefined;
  try {
    return parseKeyType(type);
  } catch {
    return undefined;
  }
}
