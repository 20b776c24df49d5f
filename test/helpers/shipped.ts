// The shipped configuration, with and without files of one's own on top, and its plan with fixed inputs.

import { ConfigError } from '../../scripts/lib/errors.ts';
import { type Configuration, type Overrides, readConfiguration } from '../../scripts/lib/model/configuration.ts';
import type { Hierarchy } from '../../scripts/lib/model/hierarchy.ts';
import type { SourceFile } from '../../scripts/lib/model/sources.ts';
import type { Entity } from '../../scripts/lib/model/types.ts';
import { keyOf } from '../../scripts/lib/plan/issuing.ts';
import { type Plan, type PlanInputs, planHierarchy } from '../../scripts/lib/plan/plan.ts';
import type { PrivateKey } from '../../scripts/lib/plan/private-key.ts';
import { readShippedFolder } from '../../scripts/lib/store/configuration-folder.ts';
import { loadTemplates } from '../../scripts/lib/store/templates.ts';

/** Files of one's own: path in the folder to text. Messages name them `own/PATH`. */
export type OwnFiles = Readonly<Record<string, string>>;

export type Flags = Partial<Overrides>;

export const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));

const ownFolder = (files: OwnFiles): SourceFile[] =>
  Object.entries(files).map(([name, text]) => ({ name, file: `own/${name}`, text }));

const MAKING_ALL = { now: NOW, isMade: () => true };

/** The shipped configuration under these files and overrides. */
export const readShipped = (files: OwnFiles = {}, overrides: Flags = {}): Configuration =>
  readConfiguration([readShippedFolder(), ownFolder(files)], { ...MAKING_ALL, ...overrides });

/** A configuration of these files alone. */
export const readOwn = (files: OwnFiles, overrides: Flags = {}): Configuration =>
  readConfiguration([ownFolder(files)], { ...MAKING_ALL, ...overrides });

/** The ConfigError that `work` throws; anything else fails the test. */
export function configErrorOf(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no ConfigError was thrown');
}

export function entityOf({ hierarchy }: { hierarchy: Hierarchy }, stem: string): Entity {
  const entity = hierarchy.get(stem);
  if (!entity) throw new Error(`no entity ${stem}`);
  return entity;
}

export const templateOf = await loadTemplates([]);

/** Serial of a stem: its name in hexadecimal, padded, so that a golden file shows whose it is. */
export const serialOf = (stem: string): string =>
  `40${Buffer.from(stem).toString('hex').toUpperCase().padEnd(38, '0').slice(0, 38)}`;

/** The key of an entity as commands take it. */
export const keyIn = (entity: Entity, passphrase?: string): PrivateKey =>
  keyOf(entity, { passphraseOf: () => passphrase, tokenRoad: 'engine' });

/** Plans a hierarchy with fixed serials, GUIDs, time and version; all of it unless `extra` says otherwise. */
export function planOf(hierarchy: Hierarchy, extra: Partial<PlanInputs> = {}): Plan {
  return planHierarchy({
    hierarchy,
    wanted: new Set(hierarchy.keys()),
    templateOf,
    version: '0.0.0',
    tokenRoad: 'engine',
    passphraseOf: ({ passphraseVariables }) => passphraseVariables[0],
    serialOf,
    ownerOf: stem =>
      hierarchy.get(stem)?.variable ? '11111111-2222-4333-8444-555555555555' : '99999999-aaaa-4bbb-8ccc-dddddddddddd',
    timeOf: () => NOW,
    ...extra,
  });
}
