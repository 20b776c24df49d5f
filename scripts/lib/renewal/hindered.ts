// Of what expires, what is left as it is: one certificate that cannot be renewed here must not keep the others from it.
import type { Hierarchy } from '../model/hierarchy.ts';
import { isoTime, validityOf } from '../model/validity.ts';
import { variablesOf } from '../plan/renewal.ts';
import { serialOf } from '../store/database-rows.ts';
import { authoritySerial } from '../store/key-identifiers.ts';
import { updateFile } from '../store/names.ts';
import { type Hindrance, withoutKey } from './hindrance.ts';
import type { Issued, Present } from './select.ts';

interface Circumstances {
  readonly present: Pick<Present, 'revoked' | 'keys' | 'updates'>;
  readonly hierarchy: Hierarchy;
  readonly isCascading: boolean;
  readonly now: Date;
}

/**
 * Those of `ending` that cannot be made here, by stem: for a reason of their own, for what has to be signed with them or
 * would be worth nothing, or since a CA above is revoked, or ends no later and is one of them. No key is made anew.
 */
export function hinderedAmong(
  ending: readonly Issued[],
  all: readonly Issued[],
  hindrance: (each: Issued) => Hindrance | undefined,
  circumstances: Circumstances,
): Map<string, Hindrance> {
  const { present, hierarchy, now } = circumstances;
  const byStem = new Map(all.map(each => [stemOf(each), each]));
  const hindered = new Map<string, Hindrance>();
  const isEnding = new Set(ending);
  const judged = new Set<Issued>();
  const judge = (each: Issued): void => {
    if (judged.has(each)) return;
    judged.add(each);
    const issuer = byStem.get(each.issuer);
    if (issuer && isEnding.has(issuer)) judge(issuer);
    const found =
      hindered.get(stemOf(each)) ??
      hindrance(each) ??
      belowRevoked(each, byStem, present) ??
      unsigned(stemOf(each), hierarchy, present) ??
      (issuer && hindered.has(each.issuer) ? noLongerThan(each, issuer, now) : undefined) ??
      noLongerByConfiguration(each, hierarchy, now);
    if (found) hindered.set(stemOf(each), found);
  };
  let pinned: Hindrance[];
  do {
    judged.clear();
    for (const each of ending) judge(each);
    pinned = pinnedCas(new Set(ending.filter(each => !hindered.has(stemOf(each)))), all, circumstances);
    for (const each of pinned) hindered.set(each.name, each);
  } while (pinned.length > 0);
  return hindered;
}

/** Those of `made` whose present certificate one names by its serial number that is valid and not made anew with it. */
function pinnedCas(
  made: ReadonlySet<Issued>,
  all: readonly Issued[],
  { present: { revoked }, hierarchy, isCascading, now }: Circumstances,
): Hindrance[] {
  const cas = new Map([...made].map(each => [stemOf(each), each]));
  // A cascade leaves certificates of requests with the old chain, which they verify with.
  const isLeft = (each: Issued): boolean =>
    !made.has(each) && endOf(each) > now.getTime() && (!isCascading || hierarchy.has(stemOf(each)));
  return all.flatMap(each => {
    const ca = cas.get(each.issuer);
    const name = stemOf(each);
    if (!ca || !isLeft(each) || revoked.has(name) || hierarchy.get(name)?.supplied) return [];
    const serial = authoritySerial(each.certificate.certificate.raw);
    if (serial === undefined || serial !== serialOf(ca.certificate.certificate.serialNumber)) return [];
    const reason = `by its serial number it is named in ${name} (authorityKeyIdentifier), which is not renewed with it`;
    return [
      { name: each.issuer, reason, hint: `to renew it all the same: trustme-pki renew ${each.issuer} --cascade` },
    ];
  });
}

const stemOf = ({ certificate: { stem } }: Issued): string => stem;
const endOf = ({ certificate: { certificate } }: Issued): number => new Date(certificate.validTo).getTime();

/** Nobody would accept what is signed below a CA that is revoked or on hold. */
function belowRevoked(
  each: Issued,
  byStem: ReadonlyMap<string, Issued>,
  { revoked }: Pick<Present, 'revoked'>,
): Hindrance | undefined {
  const name = stemOf(each);
  const seen = new Set([each]);
  for (let ca = byStem.get(each.issuer); ca && !seen.has(ca); ca = byStem.get(ca.issuer)) {
    seen.add(ca);
    const [stem, reason] = [stemOf(ca), revoked.get(stemOf(ca))];
    if (reason === undefined) continue;
    const release = `release that first: trustme-pki revoke ${stem} --reason removeFromCRL`;
    const hint = reason === 'certificateHold' ? release : `give that a new key: trustme-pki rekey ${stem} --cascade`;
    return { name, reason: `it is below ${stem}, which is revoked (${reason})`, hint };
  }
  return undefined;
}

/** A UEFI variable that it fills or authorises, and each one after that, is signed again. */
function unsigned(
  name: string,
  hierarchy: Hierarchy,
  { keys, updates }: Pick<Present, 'keys' | 'updates'>,
): Hindrance | undefined {
  const hasVariable = (stem: string) => updates.has(stem);
  const changed = variablesOf({ hierarchy, wanted: new Set([name]), hasVariable, touched: new Set() });
  const lacking = changed.find(({ variable: { authoriser } }) => !keys.has(authoriser));
  return lacking && withoutKey(name, lacking.variable.authoriser, updateFile(lacking.stem));
}

function noLongerThan(each: Issued, issuer: Issued, now: Date): Hindrance | undefined {
  if (Math.max(endOf(each), now.getTime()) < endOf(issuer)) return undefined;
  const [name, ca] = [stemOf(each), stemOf(issuer)];
  return { name, reason: `it cannot last longer than its issuer ${ca}`, hint: `renew ${ca} first` };
}

function noLongerByConfiguration(each: Issued, hierarchy: Hierarchy, now: Date): Hindrance | undefined {
  const name = stemOf(each);
  const entity = hierarchy.get(name);
  if (!entity) return undefined;
  const until = validityOf(entity.certificate, now).notAfter;
  if (until.getTime() > Math.max(endOf(each), now.getTime())) return undefined;
  return { name, reason: `its configuration says until ${isoTime(until)}`, hint: 'give it another notAfter, or days' };
}
