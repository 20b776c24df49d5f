// The manifest as anybody may have left it: what can be understood of it, and what it tells of the run that made it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Overrides } from '../model/configuration.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { Entity, KeyType } from '../model/types.ts';
import { filledVariables, VARIABLE_ORDER, type VariableFiles, withDbx } from '../model/uefi.ts';
import { words } from '../model/values.ts';
import { readContained } from '../store/contained-file.ts';
import type { Manifest } from '../store/manifest.ts';
import { MANIFEST } from '../store/names.ts';
import type { Settings } from '../store/settings.ts';

type RecordedEntity = Manifest['entities'][string];

/** `absent`: no manifest; `unreadable` and `unknown-schema`: one that we do not understand. */
export type Record =
  | { readonly state: 'absent' | 'unreadable' | 'unknown-schema' }
  | { readonly state: 'read'; readonly manifest: Manifest };

export function readRecord(root: string): Record {
  let text: string;
  try {
    text = readContained(root, MANIFEST).toString('utf8');
  } catch {
    return { state: existsSync(join(root, MANIFEST)) ? 'unreadable' : 'absent' };
  }
  try {
    const manifest: unknown = JSON.parse(text);
    if (!isObject(manifest)) return { state: 'unreadable' };
    if (manifest.schema !== 1) return { state: 'unknown-schema' };
    return isManifest(manifest)
      ? { state: 'read', manifest: manifest as unknown as Manifest }
      : { state: 'unreadable' };
  } catch {
    return { state: 'unreadable' };
  }
}

/** What can be relied on of a manifest; undefined: there is none that we understand. */
export function recordedIn(root: string): Manifest | undefined {
  const record = readRecord(root);
  return record.state === 'read' ? record.manifest : undefined;
}

const isObject = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every(each => typeof each === 'string');

const isRecorded = ({ certificate, sha256 }: Partial<RecordedEntity>): boolean =>
  certificate !== undefined && sha256 !== undefined;

const isManifest = ({ entities, owners, updates, others = {}, sources, brand, created }: { [key: string]: unknown }) =>
  isObject(entities) &&
  Object.values(entities).every(each => isTexts(each) && isRecorded(each as RecordedEntity)) &&
  [owners, updates, sources].every(isTexts) &&
  isObject(others) &&
  Object.values(others).every(Array.isArray) &&
  [brand, created].every(each => typeof each === 'string');

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
export function overridesOf(record: Record, now: Date, isPlatform = false): Overrides {
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
