// What must hold between a certificate and its issuer, and between UEFI variables: lengths of paths, validities that
// nest, keys that are there to sign with. Said of the whole hierarchy, issuers first.
import type { ConfigProblem } from '../errors.ts';
import type { Overrides } from './configuration.ts';
import { type Hierarchy, problemOf } from './hierarchy.ts';
import { nest, sectionOf } from './nesting.ts';
import { excludedPurpose } from './purposes.ts';
import { tokenUri } from './token.ts';
import { type Entity, hasKey, isSelfSigned, type Profile, type VariableName } from './types.ts';

/** The hierarchy, validities clipped where the configuration says so. Mistakes are added to `problems`. */
export function checkRelations(
  hierarchy: Hierarchy,
  { now, isMade = () => false }: Pick<Overrides, 'now' | 'isMade'>,
  problems: ConfigProblem[],
  notes: string[],
): Hierarchy {
  const checked = new Map<string, Entity>();
  const room = new Map<string, Room>();
  const context = { now, isMade, problems, notes };
  for (const entity of hierarchy.values()) {
    const issuer = isSelfSigned(entity) ? undefined : checked.get(entity.issuer);
    checkKeys(entity, hierarchy, problems);
    checkPurposes(entity, hierarchy, problems);
    room.set(entity.stem, roomBelow(entity, issuer && room.get(issuer.stem), problems));
    checked.set(entity.stem, nest(entity, issuer, context));
  }
  checkTokens(hierarchy, problems);
  noteTwins(checked, notes);
  return checked;
}

/** How many CAs may follow below an entity, and where that is said: `gen_rootca (FILE:LINE)`. */
interface Room {
  readonly count: number;
  readonly said: string;
}

/** Given the room below the issuer (RFC 5280 4.2.1.9). */
function roomBelow(entity: Entity, above: Room | undefined, problems: ConfigProblem[]): Room {
  const { isCa, certificate } = entity;
  const own = certificate.pathLength ?? Number.POSITIVE_INFINITY;
  const left = (above?.count ?? Number.POSITIVE_INFINITY) - 1;
  const refuse = (section: string, expected: string) =>
    problems.push(problemOf(entity, section, 'basicConstraints', expected));
  if (isCa && left < 0) refuse('certificate', `CA:FALSE, since the pathlen of ${above!.said} allows no CA here`);
  else if (isCa && certificate.pathLength !== undefined && own > left)
    refuse('certificate', `pathlen:${left} at most, since that of ${above!.said} leaves no more`);
  const said = own <= left ? `${entity.stem} (${placeIn(entity, 'certificate', 'basicConstraints')})` : above!.said;
  const room = { count: Math.min(own, left), said };
  // Where it must not be a CA itself, that is told.
  for (const [name, profile] of entity.issued)
    if (profile.isCa && room.count < 1 && left >= 0)
      refuse(sectionOf(name), `CA:FALSE, since the pathlen of ${said} allows no CA below`);
  return room;
}

const PURPOSES = 'extendedKeyUsage';
const purposesOf = ({ extensions }: Profile): string | undefined =>
  extensions.find(({ name }) => name === PURPOSES)?.value;

/** What it is good for, and what it issues, is what the CAs above allow; those made elsewhere are asked when they sign. */
function checkPurposes(entity: Entity, hierarchy: Hierarchy, problems: ConfigProblem[]): void {
  const refuse = (section: string, profile: Profile, cas: readonly Entity[]) => {
    for (const ca of profile.isCa ? [] : cas) {
      const purpose = excludedPurpose(purposesOf(profile), purposesOf(ca.certificate));
      if (purpose === undefined) continue;
      const place = placeIn(ca, 'certificate', PURPOSES);
      const expected = `no ${purpose}, since that of ${ca.stem} (${place}) does not allow it below`;
      problems.push(problemOf(entity, section, PURPOSES, expected));
      return;
    }
  };
  const above: Entity[] = [];
  for (let each = entity; !isSelfSigned(each); above.push(each)) each = hierarchy.get(each.issuer)!;
  const made = (cas: readonly Entity[]) => cas.filter(({ supplied }) => !supplied);
  if (!entity.supplied) refuse('certificate', entity.certificate, made(above));
  for (const [name, profile] of entity.issued) refuse(sectionOf(name), profile, made([entity, ...above]));
}

/** File and line of a key. */
function placeIn(entity: Entity, section: string, key: string): string {
  const fact = entity.facts.get(section)?.get(key);
  return fact ? `${fact.file}:${fact.line}` : entity.file;
}

function lacksKey(stem: string, hierarchy: Hierarchy): boolean {
  const holder = hierarchy.get(hierarchy.get(stem)?.keyOf ?? '');
  return holder !== undefined && !hasKey(holder);
}

/** Whoever signs needs a key here; an issuer may be elsewhere, as long as it need not sign. */
function checkKeys(entity: Entity, hierarchy: Hierarchy, problems: ConfigProblem[]): void {
  if (entity.keyOf !== entity.stem && !entity.supplied && lacksKey(entity.keyOf, hierarchy))
    problems.push(problemOf(entity, '', 'key-of', 'an entity whose key is here'));
  if (entity.variable && lacksKey(entity.variable.authoriser, hierarchy))
    problems.push(problemOf(entity, 'variable', 'authoriser', 'an entity whose key is here'));
}

/** Whether its certificate can only be made where the key of its issuer is. */
export const isIssuedElsewhere = (entity: Entity, hierarchy: Hierarchy): boolean =>
  !isSelfSigned(entity) && !entity.supplied && lacksKey(entity.issuer, hierarchy);

/** Those of `made` whose issuers cannot sign here, each as a mistake of its file. */
export const issuersElsewhere = (made: readonly Entity[], hierarchy: Hierarchy): ConfigProblem[] =>
  made
    .filter(entity => isIssuedElsewhere(entity, hierarchy))
    .map(entity => {
      const place = placeIn(hierarchy.get(entity.issuer)!, '', 'certificate-file');
      const expected = `a CA whose key is here (${place} has a certificate-file and no key-file)`;
      return problemOf(entity, '', 'issuer', expected);
    });

/** Each entity has a key of its own in a token, of a kind that tokens make and openssl signs with there. */
function checkTokens(hierarchy: Hierarchy, problems: ConfigProblem[]): void {
  const owners = new Map<string, Entity>();
  for (const entity of hierarchy.values()) {
    if (!entity.token || entity.keyOf !== entity.stem) continue;
    const place = entity.token.object === undefined ? 'id' : 'object';
    if (entity.keyType.kind === 'other')
      problems.push(problemOf(entity, 'key', 'storage', 'a key-type of rsa or ec, which keys in tokens are'));
    const uri = tokenUri(entity.token);
    const owner = owners.get(uri);
    if (owner)
      problems.push(
        problemOf(entity, 'key', place, `another key than that of ${owner.stem} (or key-of = ${owner.stem})`),
      );
    owners.set(uri, owner ?? entity);
  }
}

/** Two keys under one name: readers that go by the name alone may take the wrong one. */
function noteTwins(hierarchy: Hierarchy, notes: string[]): void {
  const seen = new Map<string, Entity>();
  for (const entity of hierarchy.values()) {
    const name = entity.subject.map(({ name, value }) => `${name}=${value}`).join('\n');
    const twin = seen.get(name);
    if (twin && twin.keyOf !== entity.keyOf)
      notes.push(`${entity.stem} has the same subject as ${twin.stem}, but another key`);
    seen.set(name, twin ?? entity);
  }
}

/** Whose key may sign an update (UEFI 2.10, 8.2.2 and 32.3). */
const AUTHORISERS: Readonly<Record<VariableName, readonly VariableName[]>> = {
  PK: ['PK'],
  KEK: ['PK'],
  db: ['PK', 'KEK'],
  dbx: ['PK', 'KEK'],
};

/** Each variable is filled once and authorised by a key that may do so; PK holds one certificate. */
export function checkPlatform(hierarchy: Hierarchy, problems: ConfigProblem[]): void {
  const filled = new Map<string, string>();
  for (const entity of hierarchy.values()) {
    const { stem, variable } = entity;
    if (!variable?.name || !Object.hasOwn(AUTHORISERS, variable.name)) continue;
    const twin = filled.get(variable.name);
    if (twin) problems.push(problemOf(entity, 'variable', 'name', `a variable that "${twin}" does not fill yet`));
    filled.set(variable.name, twin ?? stem);
    const allowed = AUTHORISERS[variable.name];
    const authoriser = hierarchy.get(variable.authoriser);
    if (authoriser && !allowed.includes(authoriser.variable?.name as VariableName))
      problems.push(problemOf(entity, 'variable', 'authoriser', `the entity that fills ${allowed.join(' or ')}`));
    if (variable.name === 'PK' && variable.contains.length > 1)
      problems.push(problemOf(entity, 'variable', 'contains', 'one certificate: PK holds no more'));
  }
}
