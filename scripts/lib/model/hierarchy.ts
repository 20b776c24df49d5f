// Entities linked into hierarchies: every name resolved, issuers before subjects, no cycles.
import type { ConfigProblem } from '../errors.ts';
import type { Fact } from './ini-text.ts';
import { nearest } from './nearest.ts';
import { type Entity, isSelfSigned } from './types.ts';
import { words } from './values.ts';

/** All entities by stem, each issuer before what it issues. */
export type Hierarchy = ReadonlyMap<string, Entity>;

/** The problem of one key of an entity, with its file and line. */
export function problemOf(
  entity: Entity,
  section: string,
  key: string,
  expected: string,
  extra: Partial<ConfigProblem> = {},
): ConfigProblem {
  const fact = entity.facts.get(section)?.get(key);
  const { file, line, value: found } = fact ?? { file: entity.file, line: undefined, value: undefined };
  return { file, line, section, key, found, expected, ...extra };
}

/**
 * Links entities; mistakes are added to `problems`, and the result is then not to be used. `removed` are entities that
 * a file takes out, each with the line that says so.
 */
export function linkHierarchy(
  entities: readonly Entity[],
  problems: ConfigProblem[],
  removed: ReadonlyMap<string, Fact> = new Map(),
): Hierarchy {
  const byStem = new Map(entities.map(entity => [entity.stem, entity]));
  for (const entity of entities) problems.push(...brokenReferences(entity, byStem, removed));
  const linked = new Map<string, Entity>();
  const issued = subjectsOf(entities);
  // Level by level: a level is what the level before it issues.
  for (let level = entities.filter(isSelfSigned); level.length > 0; ) {
    for (const entity of level) linked.set(entity.stem, entity);
    level = level.flatMap(({ stem }) => issued.get(stem) ?? []);
  }
  const rest = entities.filter(({ stem }) => !linked.has(stem));
  problems.push(...rest.filter(entity => isInCycle(entity, byStem)).map(cycleProblem));
  return linked;
}

/** What each CA issues, self-signed certificates left out. */
export function subjectsOf(entities: Iterable<Entity>): ReadonlyMap<string, readonly Entity[]> {
  const byIssuer = new Map<string, Entity[]>();
  for (const entity of entities) {
    if (isSelfSigned(entity)) continue;
    const group = byIssuer.get(entity.issuer);
    if (group) group.push(entity);
    else byIssuer.set(entity.issuer, [entity]);
  }
  return byIssuer;
}

function brokenReferences(
  entity: Entity,
  byStem: ReadonlyMap<string, Entity>,
  removed: ReadonlyMap<string, Fact>,
): ConfigProblem[] {
  const unknown = (section: string, key: string) =>
    words(entity.facts.get(section)?.get(key)?.value)
      .filter(name => !byStem.has(name))
      .map(found => {
        const removal = removed.get(found);
        return removal
          ? problemOf(entity, section, key, `an entity that ${removal.file}:${removal.line} does not remove`, { found })
          : problemOf(entity, section, key, 'the name of an entity', { found, nearest: nearest(found, byStem.keys()) });
      });
  const issuer = byStem.get(entity.issuer);
  const notCa = issuer && !isSelfSigned(entity) && !issuer.isCa;
  return [
    ...unknown('', 'issuer'),
    ...(notCa ? [problemOf(entity, '', 'issuer', `a CA (its basicConstraints say CA:FALSE in ${issuer.file})`)] : []),
    ...unknown('', 'bundle'),
    ...wrongBundle(entity, byStem),
    ...unknown('variable', 'contains'),
    ...unknown('variable', 'authoriser'),
  ];
}

/** `, since FILE:LINE says KEY = VALUE`, where a file that changes the entity says so: its mistake shows elsewhere. */
export function because(entity: Entity, section: string, key: string): string {
  const fact = entity.facts.get(section)?.get(key);
  if (!fact || fact.file === entity.file) return '';
  return `, since ${fact.file}:${fact.line} says ${key} = ${fact.value}`;
}

/** What follows a certificate in its file is its certification path, as far as it goes. */
function wrongBundle(entity: Entity, byStem: ReadonlyMap<string, Entity>): ConfigProblem[] {
  const path: string[] = [];
  const reasons: string[] = [];
  const isKnown = (stem: string) => byStem.has(stem);
  // One more than the bundle has, so that the message can tell what would come next.
  for (let each = entity; !isSelfSigned(each) && path.length <= entity.bundle.length; ) {
    path.push(each.issuer);
    reasons.push(because(each, '', 'issuer'));
    each = byStem.get(each.issuer) ?? { ...each, issuer: each.stem };
  }
  // Unknown names are told where they stand.
  const isPath = entity.bundle.every((stem, i) => stem === path[i]) || ![...path, ...entity.bundle].every(isKnown);
  const expected = path.length > 0 ? `its issuers, nearest first: ${path.join(' ')}` : 'none, since it is self-signed';
  const found = entity.bundle.join(' ');
  return isPath ? [] : [problemOf(entity, '', 'bundle', expected + (reasons.find(Boolean) ?? ''), { found })];
}

function isInCycle(entity: Entity, byStem: ReadonlyMap<string, Entity>): boolean {
  const seen = new Set<string>();
  let current = byStem.get(entity.issuer);
  while (current && current !== entity && !seen.has(current.stem)) {
    seen.add(current.stem);
    current = byStem.get(current.issuer);
  }
  return current === entity;
}

const cycleProblem = (entity: Entity): ConfigProblem =>
  problemOf(entity, '', 'issuer', 'an issuer that is not certified by this entity itself');
