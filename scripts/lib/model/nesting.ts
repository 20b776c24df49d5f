// Validities that nest: a certificate ends no later than that of its issuer.
import type { ConfigProblem } from '../errors.ts';
import { because, type Hierarchy, problemOf } from './hierarchy.ts';
import type { Entity, Profile, Validity } from './types.ts';
import { clip, formatValidity, isRelative, limitOf, outlives, validityOf } from './validity.ts';

interface Context {
  readonly now: Date;
  readonly isMade: (entity: Entity) => boolean;
  readonly problems: ConfigProblem[];
  readonly notes: string[];
}

export const sectionOf = (profile: string): string => `issued ${profile}`.trim();

/** A certificate ends no later than its issuer's; one that was made elsewhere is as it is. */
export function nest(entity: Entity, issuer: Entity | undefined, context: Context): Entity {
  if (entity.supplied) return entity;
  refuseOver(entity, 'certificate', entity.certificate, context);
  for (const [name, profile] of entity.issued) refuseOver(entity, sectionOf(name), profile, context);
  const { now } = context;
  const own = issuer && within(entity, 'certificate', entity.certificate, issuer, issuer.certificate, context);
  const certificate = own
    ? { ...own, limit: limitOf(own, validityOf(issuer!.certificate, now).notAfter, now) }
    : entity.certificate;
  const issued = new Map<string, Profile>();
  for (const [name, profile] of entity.issued)
    issued.set(name, within(entity, sectionOf(name), profile, entity, certificate, context));
  return { ...entity, certificate, issued };
}

/** A certificate that nobody would accept any more. */
function refuseOver(entity: Entity, section: string, profile: Profile, { now, isMade, problems }: Context): void {
  const isStated = profile.days || profile.notAfter;
  if (!isMade(entity) || !isStated || validityOf(profile, now).notAfter > now) return;
  const key = profile.notAfter ? 'notAfter' : 'days';
  const begin = entity.facts.get(section)?.get(key)?.file === entity.file ? because(entity, section, 'notBefore') : '';
  problems.push(problemOf(entity, section, key, `an end that is not over yet${begin}`));
}

function within(
  entity: Entity,
  section: string,
  profile: Profile,
  issuer: Entity,
  validity: Validity,
  { now, isMade, problems, notes }: Context,
): Profile {
  if (!isOutliving(profile, validity, now)) return profile;
  const shorter = { ...profile, ...clip(profile, validity, now) };
  if (entity.isClipped && profile.notBefore && profile.notBefore >= validityOf(validity, now).notAfter)
    problems.push(problemOf(entity, section, 'notBefore', `a time before the end of its issuer ${issuer.stem}`));
  if (entity.isClipped) {
    const [was, is] = [formatValidity(profile), formatValidity(shorter)];
    notes.push(`${entity.stem} [${section}]: ${is} instead of ${was}, to end with its issuer ${issuer.stem}`);
    return shorter;
  }
  // How long is left of a fixed end, or of what was made elsewhere, changes with time: it matters to what is made alone.
  const isTimeless = isRelative(profile) === isRelative(validity);
  if (!issuer.supplied && (isTimeless || isMade(entity)))
    problems.push(refusal(entity, section, profile, issuer, validity));
  return profile;
}

function isOutliving(profile: Validity, issuers: Validity, now: Date): boolean {
  const isStated = [profile, issuers].every(({ days, notAfter }) => days || notAfter);
  return isStated && outlives(profile, issuers, now);
}

function refusal(entity: Entity, section: string, profile: Validity, issuer: Entity, issuers: Validity): ConfigProblem {
  const key = profile.notAfter ? 'notAfter' : 'days';
  const said = because(issuer, 'certificate', issuers.notAfter ? 'notAfter' : 'days');
  const expected = `at most the validity of its issuer ${issuer.stem} (${formatValidity(issuers)}), or "outliving = clip"`;
  return problemOf(entity, section, key, expected + said);
}

/** Those of `made` that would outlive an issuer that was made elsewhere, each as a mistake of its file. */
export const outlivingSupplied = (made: readonly Entity[], hierarchy: Hierarchy, now: Date): ConfigProblem[] =>
  made
    .filter(entity => !entity.supplied && hierarchy.get(entity.issuer)!.supplied)
    .map(entity => ({ entity, issuer: hierarchy.get(entity.issuer)! }))
    .filter(({ entity, issuer }) => isOutliving(entity.certificate, issuer.certificate, now))
    .map(({ entity, issuer }) => refusal(entity, 'certificate', entity.certificate, issuer, issuer.certificate));
