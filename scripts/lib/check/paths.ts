// The certification path of every certificate of a directory. There may be several candidates of one name (renewed
// CAs, cross-certificates), so the paths are grown from the trust anchors down: what is reached has a path that ends.
import type { X509Certificate } from 'node:crypto';
import type { CertificateFile } from '../store/directory.ts';
import { hasSigned, mayHaveIssued } from '../store/issuer.ts';

export interface Path {
  readonly subject: CertificateFile;
  readonly anchor: CertificateFile;
  /** Between the subject and its anchor, the subject's issuer first. */
  readonly between: readonly CertificateFile[];
}

/** Whose certificate issued a certificate; a trust anchor is its own. */
export type Issuers = ReadonlyMap<CertificateFile, CertificateFile>;

export type Names = ReadonlyMap<string, readonly CertificateFile[]>;
type Rule = (issuer: CertificateFile, subject: CertificateFile) => boolean;

/** The issuer of each certificate that has a path to a trust anchor among `certificates`; files' bundles lend theirs. */
export function findIssuers(certificates: readonly CertificateFile[], now: Date): Issuers {
  const all = [...certificates, ...bundled(certificates)];
  const named = groupBy(all, each => each.certificate.subject);
  const issuedBy = groupBy(all, each => each.certificate.issuer);
  const anchors = certificates.filter(each => isAnchor(each, named));
  const issuers = new Map(anchors.map(anchor => [anchor, anchor]));
  const isSigned: Rule = (issuer, subject) =>
    named.get(issuer.certificate.subject)!.length === 1 || hasSigned(issuer.certificate, subject.certificate);
  // An issuer that is valid now is better than one that is not; where no signature fits, openssl says so.
  const rules: Rule[] = [(issuer, subject) => isValid(issuer.certificate, now) && isSigned(issuer, subject), isSigned];
  for (const rule of [...rules, () => true]) grow(issuers, issuedBy, rule);
  return issuers;
}

/** The way up to the trust anchor; undefined where there is none. */
export function pathOf(subject: CertificateFile, issuers: Issuers): Path | undefined {
  const between: CertificateFile[] = [];
  let current = subject;
  for (;;) {
    const issuer = issuers.get(current);
    if (!issuer) return undefined;
    if (issuer === current) return { subject, anchor: issuer, between: between.slice(0, -1) };
    between.push(issuer);
    current = issuer;
  }
}

/** Adds everything that what is there already has issued, directly or not, as far as `rule` agrees. */
function grow(issuers: Map<CertificateFile, CertificateFile>, issuedBy: Names, rule: Rule): void {
  const queue = [...issuers.keys()];
  for (const issuer of queue) {
    for (const subject of issuedBy.get(issuer.certificate.subject) ?? []) {
      if (issuers.has(subject) || !mayHaveIssued(issuer.certificate, subject.certificate) || !rule(issuer, subject))
        continue;
      issuers.set(subject, issuer);
      queue.push(subject);
    }
  }
}

/** Intermediate certificates that lie in no file of their own; an anchor in a bundle is no trust anchor of the directory. */
function bundled(certificates: readonly CertificateFile[]): CertificateFile[] {
  const known = new Set(certificates.map(({ certificate }) => certificate.fingerprint256));
  const found: CertificateFile[] = [];
  for (const { file, stem, chain } of certificates)
    for (const certificate of chain) {
      if (known.has(certificate.fingerprint256) || isSelfIssued(certificate)) continue;
      known.add(certificate.fingerprint256);
      found.push({ file, stem, certificate, chain: [] });
    }
  return found;
}

export const isSelfIssued = ({ subject, issuer }: X509Certificate): boolean => subject === issuer;

/** Self-signed, as far as one can tell: a CA that changed its key has certified the new one under the same name. */
function isAnchor({ certificate }: CertificateFile, named: Names): boolean {
  if (!isSelfIssued(certificate)) return false;
  const others = named.get(certificate.subject)!.filter(each => each.certificate !== certificate);
  return (
    others.length === 0 ||
    hasSigned(certificate, certificate) ||
    !others.some(each => hasSigned(each.certificate, certificate))
  );
}

export const isValid = ({ validFrom, validTo }: X509Certificate, now: Date): boolean =>
  new Date(validFrom) <= now && now <= new Date(validTo);

/** Certificates by a name in them. */
export function groupBy<Each>(all: readonly Each[], nameOf: (each: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of all) {
    const name = nameOf(each);
    const group = groups.get(name);
    if (group) group.push(each);
    else groups.set(name, [each]);
  }
  return groups;
}
