// Entities linked into hierarchies: every name resolved, issuers before subjects, no cycles.
import type { ConfigProblem } from '../errors.ts';
import { nearest } from './nearest.ts';
import { type Entity, isSelfSigned } from './types.ts';

/** All entities by stem, each issuer before what it issues. */
export type Hierarchy = ReadonlyMap<string, Entity>;

/** Links entities; mistakes are added to `problems`, and the result is then not to be used. */
export function linkHierarchy(entities: readonly Entity[], problems: ConfigProblem[]): Hierarchy {
  const byStem = new Map(entities.map(entity => [entity.stem, entity]));
  for (const entity of entities) problems.push(...brokenReferences(entity, byStem));
  const linked = new Map<string, Entity>();
  // Level by level: a level is what the levels before it issue.
  for (let rest = entities; rest.length > 0; ) {
    const next = rest.filter(entity => isSelfSigned(entity) || linked.has(entity.issuer));
    if (next.length === 0) {
      problems.push(...rest.filter(entity => isInCycle(entity, byStem)).map(cycleProblem));
      break;
    }
    for (const entity of next) linked.set(entity.stem, entity);
    rest = rest.filter(entity => !linked.has(entity.stem));
  }
  return linked;
}

/** The file and line of a reference, or the entity's file alone. */
const placeOf = (entity: Entity, key: string): { file: string; line?: number } => {
  const { file, line } = entity.references.get(key) ?? { file: entity.file };
  return line === undefined ? { file } : { file, line };
};

function brokenReferences(entity: Entity, byStem: ReadonlyMap<string, Entity>): ConfigProblem[] {
  const { variable } = entity;
  const unknown = (section: string, key: string, names: readonly string[]) =>
    names
      .filter(name => name !== '' && !byStem.has(name))
      .map(found => ({
        ...placeOf(entity, key),
        section,
        key,
        found,
        expected: 'the name of an entity',
        nearest: nearest(found, byStem.keys()),
      }));
  const issuer = byStem.get(entity.issuer);
  const notCa = issuer && !isSelfSigned(entity) && !issuer.isCa;
  return [
    ...unknown('', 'issuer', [entity.issuer]),
    ...(notCa
      ? [
          {
            ...placeOf(entity, 'issuer'),
            section: '',
            key: 'issuer',
            found: entity.issuer,
            expected: `a CA (its basicConstraints say CA:FALSE in ${issuer.file})`,
          },
        ]
      : []),
    ...unknown('', 'bundle', entity.bundle),
    ...wrongBundle(entity, byStem),
    ...unknown('variable', 'contains', variable?.contains ?? []),
    ...unknown('variable', 'authoriser', variable ? [variable.authoriser] : []),
  ];
}

/** What follows a certificate in its file is its certification path, as far as it goes. */
function wrongBundle(entity: Entity, byStem: ReadonlyMap<string, Entity>): ConfigProblem[] {
  const path: string[] = [];
  for (let each = entity; !isSelfSigned(each) && !path.includes(each.issuer); ) {
    path.push(each.issuer);
    each = byStem.get(each.issuer) ?? each;
  }
  const isPath = entity.bundle.every((stem, i) => stem === path[i] || !byStem.has(stem));
  const expected = path.length > 0 ? `its issuers, nearest first: ${path.join(' ')}` : 'none, since it is self-signed';
  return isPath
    ? []
    : [{ ...placeOf(entity, 'bundle'), section: '', key: 'bundle', found: entity.bundle.join(' '), expected }];
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

const cycleProblem = (entity: Entity): ConfigProblem => ({
  ...placeOf(entity, 'issuer'),
  section: '',
  key: 'issuer',
  found: entity.issuer,
  expected: 'an issuer that is not certified by this entity itself',
});
