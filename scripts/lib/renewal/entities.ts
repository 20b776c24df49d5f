// The entities of a directory as they are there: subject and key type stay, a validity ends with that of the issuer.
import type { X509Certificate } from 'node:crypto';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { canonicalKeyType, parseKeyType } from '../model/key-type.ts';
import { plainSubject } from '../model/subject.ts';
import { type KeyFacts, withKey } from '../model/supplied.ts';
import { describeToken, tokenUri } from '../model/token.ts';
import { type Entity, isSelfSigned, type TokenKey, type Validity } from '../model/types.ts';
import { limitOf, validityOf } from '../model/validity.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { byStem, type CertificateFile } from '../store/directory.ts';
import { isShipped } from '../store/manifest.ts';
import { relativeNames } from '../store/name-facts.ts';
import type { Selection } from './select.ts';

/** The hierarchy as a renewal needs it. Throws a StateError where the configuration is another PKI's. */
export function hierarchyThere(
  hierarchy: Hierarchy,
  certificates: readonly CertificateFile[],
  { entities: wanted, prolonged, rekeyed }: Pick<Selection, 'entities' | 'prolonged' | 'rekeyed'>,
  tokenOf: (entity: Entity) => TokenKey | undefined,
  now: Date,
): Hierarchy {
  const present = byStem(certificates);
  const ends = new Map<string, Date>();
  const result = new Map<string, Entity>();
  // Issuers come before what they issue.
  for (const [stem, entity] of hierarchy) {
    const there = present.get(stem);
    if (there && wanted.has(stem)) refuseOther(entity, there);
    const holder = rekeyed.has(entity.keyOf) ? hierarchy.get(entity.keyOf) : undefined;
    const keyed = there && withKey(entity, { ...keyFacts(there.certificate), ...(holder && wantedKey(holder)) });
    const own = keyed ? { ...keyed, token: tokenOf(entity) } : entity;
    const end = isSelfSigned(own) ? undefined : ends.get(own.issuer);
    const certificate =
      there && wanted.has(stem)
        ? { ...own.certificate, ...ended(own, end, prolonged.has(stem) ? there : undefined, now) }
        : own.certificate;
    result.set(stem, { ...own, certificate });
    const until =
      there && !wanted.has(stem) ? new Date(there.certificate.validTo) : validityOf(certificate, now).notAfter;
    ends.set(stem, until);
  }
  return result;
}

/** Of the key that a certificate is for, whatever kind the configuration would give it today. */
export function keyFacts({ raw }: X509Certificate): KeyFacts {
  const { keyType, isPssKey } = describeCertificate(raw);
  return { keyType: parseKeyType(keyType), isPssKey };
}

/** Of a new key: what files of one's own, or the command line, say. The shipped ones do not know the options of then. */
function wantedKey({ facts, keyType, scheme }: Entity): Partial<KeyFacts> {
  const [saysType, saysScheme] = ['key-type', 'scheme'].map(key => {
    const fact = facts.get('')?.get(key);
    return fact !== undefined && !isShipped(fact.file);
  });
  return {
    ...(saysType ? { keyType } : {}),
    ...(saysType || saysScheme ? { isPssKey: scheme === 'rsa-pss' } : {}),
  };
}

/** Those of `rekeyed` whose new keys are of another kind than the old ones. */
export const ofOtherKind = (
  rekeyed: ReadonlySet<string>,
  hierarchy: Hierarchy,
  certificates: readonly CertificateFile[],
): Entity[] =>
  certificates.flatMap(({ stem, certificate }) => {
    const entity = rekeyed.has(stem) ? hierarchy.get(stem) : undefined;
    if (!entity || entity.supplied) return [];
    return canonicalKeyType(entity.keyType) === canonicalKeyType(keyFacts(certificate).keyType) ? [] : [entity];
  });

/** A key stays where it is; a new one goes where the configuration says, and never in the place of the old one. */
export function tokenFor(
  entity: Entity,
  there: TokenKey | undefined,
  rekeyed: ReadonlySet<string>,
): TokenKey | undefined {
  if (!rekeyed.has(entity.stem)) return there;
  if (there && entity.token && tokenUri(there) === tokenUri(entity.token))
    throw new StateError(
      `the new key of ${entity.stem} would be the old one: ${tokenUri(there)}`,
      `name another object in the [key] section of ${entity.stem}.ini`,
    );
  // Without a word on it the new one would be made as a file, under the token's PIN.
  if (there && !entity.token && !saysFile(entity))
    throw new StateError(
      `the old key of ${entity.stem} is in the token ${describeToken(there)}, and the configuration does not say where its new one is`,
      `give it: --conf FOLDER, where ${entity.stem}.ini has a [key] section with another object, or with storage = file`,
    );
  return entity.token;
}

const saysFile = ({ facts }: Entity): boolean => facts.get('key')?.get('storage')?.value === 'file';

function refuseOther(entity: Entity, { certificate }: CertificateFile): void {
  const [now, then] = [plainSubject(entity), describeCertificate(certificate.raw).subject].map(names =>
    relativeNames(names).join(', '),
  );
  if (now !== then)
    throw new StateError(
      `${entity.stem} is "${then}", and by the configuration it would be "${now}"`,
      'give the configuration that the directory was made with: --conf FOLDER',
    );
}

/** What it is given anew: no more than its issuer has. Throws where that ends no later than `there`, or is over. */
function ended(
  { stem, issuer, certificate }: Entity,
  end: Date | undefined,
  there: CertificateFile | undefined,
  now: Date,
): Validity {
  const { days, notBefore, notAfter } = certificate;
  const wanted = validityOf(certificate, now).notAfter;
  const isClipped = end !== undefined && wanted > end;
  const until = isClipped ? end : wanted;
  const least = there ? Math.max(new Date(there.certificate.validTo).getTime(), now.getTime()) : now.getTime();
  if (until.getTime() <= least && isClipped)
    throw new StateError(
      `${stem} cannot last longer: its issuer ${issuer} ends ${end.toISOString()}`,
      `renew that, too: trustme-pki renew ${issuer} --cascade`,
    );
  if (until.getTime() <= least)
    throw new StateError(
      `${stem} cannot last longer: its configuration says until ${until.toISOString()}`,
      'give it another notAfter, or days',
    );
  if (isClipped) return { notBefore, days: undefined, notAfter: end };
  return { days, notBefore, notAfter, limit: end && limitOf(certificate, end, now) };
}
