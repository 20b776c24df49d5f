// Purposes (RFC 5280 4.2.1.12) below a CA that has an extendedKeyUsage: readers ask that of each CA above, too.
import { listWords, purposeName } from './extension-values.ts';

/** Readers ask no CA for these: an answer's signer is told by its issuer (RFC 6960 4.2.2.2), and any purpose is none. */
const UNASKED = ['OCSPSigning', 'anyExtendedKeyUsage'];
/** For these openssl does not take anyExtendedKeyUsage in a CA. */
const LITERAL = ['serverAuth', 'clientAuth', 'emailProtection'];

/** Names of the purposes in an extendedKeyUsage. */
const purposesIn = (value: string): string[] => listWords(value).words.map(purposeName);

/** The first purpose that a CA does not allow below it; both as the values of extendedKeyUsage, where there is one. */
export function excludedPurpose(own: string | undefined, ca: string | undefined): string | undefined {
  if (own === undefined || ca === undefined) return undefined;
  const allowed = purposesIn(ca);
  const isAllowed = (purpose: string) =>
    allowed.includes(purpose) || (allowed.includes('anyExtendedKeyUsage') && !LITERAL.includes(purpose));
  return purposesIn(own).find(purpose => !UNASKED.includes(purpose) && !isAllowed(purpose));
}
