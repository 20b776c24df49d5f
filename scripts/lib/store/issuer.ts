// Who issued a certificate, as far as node can tell: an algorithm that it does not know (ML-DSA where its own OpenSSL is
// older than 3.5) is for openssl to verify.
import type { X509Certificate } from 'node:crypto';
import { keyIdentifiers } from './key-identifiers.ts';

/** Whether names, key identifiers and usages let it be the issuer. */
export const mayHaveIssued = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  subject.checkIssued(issuer) ||
  (!isKeyKnown(issuer) && subject.issuer === issuer.subject && isKeyNamed(issuer, subject));

/** Whether the signature fits; true where node does not know the algorithm. */
export function hasSigned(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.verify(issuer.publicKey);
  } catch {
    return true;
  }
}

/** Both. */
export const isIssuedBy = (subject: X509Certificate, issuer: X509Certificate): boolean =>
  mayHaveIssued(issuer, subject) && hasSigned(issuer, subject);

/** Whether it is signed by the key of a certificate, whichever certificate of that key it names. */
export const isByKeyOf = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  isKeyNamed(issuer, subject) && hasSigned(issuer, subject);

/** Whether it is the self-signed one of a key. */
export const isRoot = (certificate: X509Certificate): boolean => mayHaveIssued(certificate, certificate);

/**
 * Those of some certificates that lead up from one, the nearest first: to a root's own one rather than by a
 * cross-certificate.
 */
export function issuersOf<Each extends { readonly certificate: X509Certificate }>(
  { certificate }: Each,
  all: readonly Each[],
): Each[] {
  const found: Each[] = [];
  for (let subject = certificate; ; ) {
    if (isRoot(subject)) return found;
    const issuers = all.filter(each => mayHaveIssued(each.certificate, subject));
    const issuer = issuers.find(each => isRoot(each.certificate)) ?? issuers[0];
    if (!issuer || found.includes(issuer)) return found;
    found.push(issuer);
    subject = issuer.certificate;
  }
}

function isKeyKnown(certificate: X509Certificate): boolean {
  try {
    return certificate.publicKey !== undefined;
  } catch {
    return false;
  }
}

/** RFC 5280 4.2.1.1: where both are there, they have to be the same. */
function isKeyNamed(issuer: X509Certificate, subject: X509Certificate): boolean {
  const wanted = keyIdentifiers(subject.raw).authority;
  const found = keyIdentifiers(issuer.raw).subject;
  return wanted === undefined || found === undefined || wanted === found;
}
