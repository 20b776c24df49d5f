// What follows the certificates that a CA has signed: its chain of today, or, where it or a CA above it had another
// certificate then, that one.
import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateBlocks, derToPem, pemToDer } from '../model/pem.ts';
import { parseCertificate } from '../store/certificate.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { authorityKey } from '../store/key-identifiers.ts';
import { retiredCertificates } from '../store/retired.ts';
import type { Authority } from './open.ts';
import { firstRevoked, type Revocation } from './revoked.ts';

/** What follows a certificate that the CA signs now: its own and the rest of its file. */
export const chainOf = ({ path, certificate }: Authority): string =>
  certificateBlocks(readFileSync(join(path, certificate.file), 'latin1')).join('');

/** What follows a certificate (PEM), and what of it is revoked; undefined: nothing. */
export interface Chain {
  readonly text: string;
  readonly revocation?: Revocation | undefined;
}

/**
 * The same for one that it signed at any time (PEM); undefined: what had issued it is not in the directory. Certificates
 * that name the same key of their issuer (RFC 5280 4.2.1.1) have one chain, which is looked for once.
 */
export function chainFinder(authority: Authority): (pem: string) => Chain | undefined {
  const known = new Map<string, Chain | undefined>();
  return pem => {
    const named = authorityKey(pemToDer(pem));
    if (named !== undefined && known.has(named)) return known.get(named);
    const chain = findChain(authority, parseCertificate(pem));
    if (named !== undefined) known.set(named, chain);
    return chain;
  };
}

/** As long as that of today, each certificate the one that the one before it was issued by. */
function findChain(authority: Authority, leaf: X509Certificate): Chain | undefined {
  // Whether that is revoked was asked before anything was signed.
  if (isIssuedBy(leaf, authority.certificate.certificate)) return { text: chainOf(authority) };
  const found: X509Certificate[] = [];
  let subject = leaf;
  for (const block of certificateBlocks(chainOf(authority))) {
    const issuer = candidates(authority, block).find(each => isIssuedBy(subject, each));
    if (!issuer) return undefined;
    found.push(issuer);
    subject = issuer;
  }
  return {
    // Whether toString() ends its last line depends on node.
    text: found.map(({ raw }) => derToPem('CERTIFICATE', raw)).join(''),
    revocation: firstRevoked(authority.path, found),
  };
}

/** A certificate of the chain, and those that its CA had before. */
function candidates({ path, certificate, above }: Authority, block: string): X509Certificate[] {
  const present = parseCertificate(block);
  const stem = [certificate, ...above].find(each => each.certificate.raw.equals(present.raw))?.stem;
  return [present, ...(stem === undefined ? [] : retiredCertificates(path, stem))];
}
