// Which certificate issued which: by names, key identifiers and, last, the signature itself.
import type { X509Certificate } from 'node:crypto';
import { makesCa } from '../model/extensions.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { hasSigned } from '../store/issuer.ts';

export interface Known {
  readonly certificate: X509Certificate;
  readonly facts: CertificateFacts;
}

/** A certificate and what it issued. */
export interface Linked<T extends Known> {
  readonly known: T;
  readonly issued: Linked<T>[];
}

type Entries<T extends Known> = ReadonlyMap<T, Linked<T>>;

/** Trees in the order of `all`, outermost issuers first. Each certificate stands in exactly one place. */
export function linkCertificates<T extends Known>(all: readonly T[]): Linked<T>[] {
  const entries: Entries<T> = new Map(all.map(known => [known, { known, issued: [] }]));
  const issuers = issuersOf(all);
  const roots: Linked<T>[] = [];
  for (const [known, entry] of entries) {
    const issuer = issuers.get(known);
    (issuer ? entries.get(issuer)!.issued : roots).push(entry);
  }
  return [...roots, ...cutCircles(entries, issuers, roots)];
}

/** How many CAs of one name are tried: more are a mistake, or meant to take time. */
const MOST_TWINS = 20;

const nameOf = (name: CertificateFacts['subject']): string => JSON.stringify(name);

/** The issuer of each certificate that has one here and is not self-signed. */
function issuersOf<T extends Known>(all: readonly T[]): Map<T, T> {
  const cas = new Map<string, T[]>();
  for (const known of [...all].sort((a, b) => rank(a) - rank(b))) {
    const name = nameOf(known.facts.subject);
    const twins = cas.get(name) ?? [];
    if (twins.length < MOST_TWINS) twins.push(known);
    cas.set(name, twins);
  }
  const issuers = new Map<T, T>();
  for (const subject of all) {
    const candidates = isSelfSigned(subject) ? [] : (cas.get(nameOf(subject.facts.issuer)) ?? []);
    const issuer = candidates.find(each => each !== subject && isSigned(subject, each));
    if (issuer) issuers.set(subject, issuer);
  }
  return issuers;
}

const isSelfIssued = ({ facts }: Known): boolean => nameOf(facts.subject) === nameOf(facts.issuer);
export const isSelfSigned = (known: Known): boolean => isSelfIssued(known) && isSigned(known, known);

/** Trust anchors first, since the path through one is the shorter, then CAs. Others cannot be issuers, and yet may be. */
function rank(known: Known): number {
  if (isSelfIssued(known)) return 0;
  return makesCa(known.facts.extensions.get('basicConstraints')) ? 1 : 2;
}

function isSigned(subject: Known, issuer: Known): boolean {
  const wanted = subject.facts.extensions.get('authorityKeyIdentifier');
  const found = issuer.facts.extensions.get('subjectKeyIdentifier');
  if (wanted !== undefined && found !== undefined && wanted !== found) return false;
  return hasSigned(issuer.certificate, subject.certificate);
}

/** CAs that certify each other, and no root among them: each circle is cut at its first certificate. */
function cutCircles<T extends Known>(
  entries: Entries<T>,
  issuers: ReadonlyMap<T, T>,
  roots: readonly Linked<T>[],
): Linked<T>[] {
  const seen = new Set<Linked<T>>();
  const see = (start: Linked<T>) => {
    for (const stack = [start]; stack.length > 0; ) {
      const next = stack.pop()!;
      seen.add(next);
      for (const each of next.issued) if (!seen.has(each)) stack.push(each);
    }
  };
  for (const root of roots) see(root);
  const cut: Linked<T>[] = [];
  for (const [known, entry] of entries) {
    if (seen.has(entry)) continue;
    const siblings = entries.get(issuers.get(known)!)!.issued;
    siblings.splice(siblings.indexOf(entry), 1);
    cut.push(entry);
    see(entry);
  }
  return cut;
}
