// What must hold between the extensions of one certificate.
import { listWords } from './extension-values.ts';
import { isOid, makesCa } from './extensions.ts';
import type { Extension, Profile } from './types.ts';

/**
 * What verifiers know besides the extensions of our keys: policyMappings, policyConstraints, inhibitAnyPolicy (RFC 5280),
 * addresses and systems of RFC 3779.
 */
const KNOWN = ['2.5.29.33', '2.5.29.36', '2.5.29.54', '1.3.6.1.5.5.7.1.7', '1.3.6.1.5.5.7.1.8'];

/** A critical extension that verifiers do not know, and so refuse. */
const isUnknownCritical = ({ name, value }: Extension): boolean =>
  isOid(name) && !KNOWN.includes(name) && listWords(value).isCritical;

/** Whether a certificate is meant for readers alone that know an extension of one's own. */
export const asksForUnknown = (profile: Profile | undefined): boolean =>
  profile?.extensions.some(isUnknownCritical) ?? false;

/** Rules of RFC 5280 between the extensions of one certificate: the key that breaks one, and what was expected. */
export function refuseTogether(values: ReadonlyMap<string, string>): { key: string; expected: string } | undefined {
  const constraints = values.get('basicConstraints');
  if (constraints === undefined) return undefined;
  const usage = values.has('keyUsage') ? listWords(values.get('keyUsage')!).words : undefined;
  const signs = usage === undefined || usage.includes('keyCertSign');
  const isHalf = usage?.some(word => word === 'encipherOnly' || word === 'decipherOnly');
  if (isHalf && !usage!.includes('keyAgreement'))
    return { key: 'keyUsage', expected: 'keyAgreement beside encipherOnly and decipherOnly (RFC 5280 4.2.1.3)' };
  if (!makesCa(constraints)) {
    if (usage && signs) return { key: 'keyUsage', expected: 'no keyCertSign where basicConstraints says CA:FALSE' };
    return values.has('nameConstraints')
      ? { key: 'nameConstraints', expected: 'no such line where basicConstraints says CA:FALSE' }
      : undefined;
  }
  if (!listWords(constraints).isCritical)
    return { key: 'basicConstraints', expected: '"critical, CA:TRUE": RFC 5280 4.2.1.9 wants it critical in a CA' };
  const unknown = [...values].map(([name, value]) => ({ name, value })).find(isUnknownCritical);
  if (unknown)
    return {
      key: unknown.name,
      expected: 'no "critical" in a CA: clients do not know this extension, and would refuse all that the CA issues',
    };
  return signs ? undefined : { key: 'keyUsage', expected: 'keyCertSign among them, since it is a CA (CA:TRUE)' };
}
