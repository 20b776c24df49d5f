// Which certificates a renewal makes: those that are named, or that expire; with --cascade what is below them.
import { signersFirst } from '../authority/database.ts';
import { type Revoked, revokedIn } from '../authority/revoked.ts';
import { groupBy, type Names } from '../check/paths.ts';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { Entity } from '../model/types.ts';
import { DAY } from '../model/validity.ts';
import { isBelow } from '../plan/renewal.ts';
import { serialOf } from '../store/database-rows.ts';
import { byStem, type CertificateFile, findCertificate, type PkiDirectory } from '../store/directory.ts';
import { isRoot } from '../store/issuer.ts';
import { authoritySerial } from '../store/key-identifiers.ts';
import { type Manifest, readManifest } from '../store/manifest.ts';
import { hasIssued } from '../store/retired.ts';
import { hinderedAmong } from './hindered.ts';
import { type Hindrance, hindranceOf, ofUndescribed } from './hindrance.ts';

export interface Choice {
  /** As typed; empty where `expiring` decides. */
  readonly names: readonly string[];
  /** Days. */
  readonly expiring: number | undefined;
  readonly isCascading: boolean;
  /** Whether the named ones get new keys. */
  readonly isRekeyed: boolean;
  /** Stems whose new certificate was made elsewhere, so that no key of an issuer is needed. */
  readonly imported?: ReadonlySet<string>;
}

export interface Selection {
  /** Stems of entities, whose certificates are made anew. */
  readonly entities: ReadonlySet<string>;
  /** Those of them whose keys are made anew, too. */
  readonly rekeyed: ReadonlySet<string>;
  /** Those that must last longer than before: what was asked for, with its old key. */
  readonly prolonged: ReadonlySet<string>;
  /** Certificates that no entity describes, as `issue` makes them, with their issuer. */
  readonly issued: readonly Issued[];
  /** Those that are revoked, and stay as they are. */
  readonly revoked: ReadonlySet<string>;
  /** What expires, or is below, and cannot be renewed here. */
  readonly hindered: readonly Hindrance[];
  /** What is below and stays as it is. */
  readonly dependants: readonly string[];
}

export interface Issued {
  readonly certificate: CertificateFile;
  /** Stem of the CA; empty where it is not in the directory. */
  readonly issuer: string;
}

/** What is in the directory. */
export interface Present extends Pick<PkiDirectory, 'path' | 'certificates' | 'keys' | 'updates'> {
  readonly revoked: Revoked;
  /** What the manifest says of entities, by stem. */
  readonly recorded: Manifest['entities'];
}

export const presentIn = (directory: PkiDirectory): Present => ({
  ...directory,
  revoked: revokedIn(directory),
  recorded: readManifest(directory.path)?.entities ?? {},
});

/**
 * Throws a UsageError for a name that is none, a StateError for one that cannot be renewed here, or where the rest of the
 * PKI would be worth nothing.
 */
export function selectCertificates(
  { names, expiring, isCascading, isRekeyed, imported = new Set() }: Choice,
  { path, certificates, keys, updates, revoked, recorded }: Present,
  hierarchy: Hierarchy,
  now: Date,
): Selection {
  const present = byStem(certificates);
  const bySubject = groupBy(signersFirst({ path, keys }, certificates), ({ certificate }) => certificate.subject);
  const all = certificates.map(each => issuedOf(path, each, bySubject));
  const named = names.map(name => findCertificate(certificates, name).stem);
  // Of what gets a new key the old one is not needed.
  const atHand = { keys: isRekeyed ? new Set([...keys, ...named]) : keys, revoked, recorded };
  const hindrance = (each: Issued) =>
    imported.has(stemOf(each)) ? undefined : hindranceOf(each, hierarchy, atHand, isRekeyed);
  const ending = expiring === undefined ? [] : all.filter(each => isEnding(each, expiring, now));
  const circumstances = { present: { revoked, keys, updates }, hierarchy, isCascading, now };
  const hindered = hinderedAmong(ending, all, hindrance, circumstances);
  refuseHindered(all.filter(each => named.includes(stemOf(each))).map(hindrance));
  const stems = new Set([...named, ...ending.map(stemOf)].filter(stem => !hindered.has(stem)));
  const here = [...hierarchy.values()].filter(({ stem, supplied }) => present.has(stem) && !supplied);
  const below = findBelow(stems, all, here, hierarchy, revoked);
  const belowNames = [...below.entities.map(({ stem }) => stem), ...below.issued.map(stemOf)];
  if (isCascading) {
    refuseHindered(below.issued.map(each => ofUndescribed(stemOf(each), hierarchy, recorded)));
    for (const each of below.passedOver)
      hindered.set(stemOf(each), hindranceOf(each, hierarchy, { keys, revoked, recorded }, false)!);
  } else if (expiring === undefined) refuseWorthless(stems, belowNames, present, isRekeyed);
  // The certificate of a cross-certificate is for a key of somebody else's.
  const crossed = isRekeyed ? here.filter(({ keyOf, stem }) => keyOf !== stem && stems.has(keyOf)) : [];
  const described = [...stems].filter(stem => hierarchy.has(stem));
  const more = [...(isCascading ? below.entities : []), ...crossed].map(({ stem }) => stem);
  const again = isCascading ? below.issued.filter(each => keys.has(stemOf(each))) : [];
  const made = new Set([...more, ...again.map(stemOf)]);
  return {
    entities: new Set([...described, ...more]),
    rekeyed: new Set(isRekeyed ? stems : []),
    prolonged: new Set(isRekeyed ? [] : described.filter(stem => !imported.has(stem))),
    issued: [...all.filter(each => stems.has(stemOf(each)) && !hierarchy.has(stemOf(each))), ...again],
    revoked: new Set([...revoked.keys()].filter(stem => !stems.has(stem))),
    hindered: [...hindered.values()],
    dependants: belowNames.filter(stem => !made.has(stem)),
  };
}

interface Below {
  readonly entities: readonly Entity[];
  /** What no entity describes. */
  readonly issued: readonly Issued[];
  /** What is revoked; what is below that goes with it. */
  readonly passedOver: readonly Issued[];
}

/** What is below the certificates `stems`. `here` are the entities that have a certificate of their own in the directory. */
function findBelow(
  stems: ReadonlySet<string>,
  all: readonly Issued[],
  here: readonly Entity[],
  hierarchy: Hierarchy,
  revoked: Revoked,
): Below {
  const reached = here.filter(entity => isBelow(entity, stems, hierarchy) && !stems.has(entity.stem));
  const dead = new Set(reached.map(({ stem }) => stem).filter(stem => revoked.has(stem)));
  const entities = reached.filter(entity => !dead.has(entity.stem) && !isBelow(entity, dead, hierarchy));
  const cas = new Set([...stems, ...entities.map(({ stem }) => stem)]);
  const isOutside = (each: Issued) => !hierarchy.has(stemOf(each)) && !stems.has(stemOf(each));
  const outside = all.filter(each => isOutside(each) && cas.has(each.issuer));
  return {
    entities,
    issued: outside.filter(each => !revoked.has(stemOf(each))),
    passedOver: [...all.filter(each => dead.has(stemOf(each))), ...outside.filter(each => revoked.has(stemOf(each)))],
  };
}

function refuseHindered(hindrances: readonly (Hindrance | undefined)[]): void {
  const found = hindrances.find(each => each !== undefined);
  if (found) throw new StateError(found.reason, found.hint);
}

function issuedOf(path: string, certificate: CertificateFile, bySubject: Names): Issued {
  const own = certificate.certificate;
  // A root's own certificate is not below a cross-certificate of its key.
  const candidates = isRoot(own) ? [] : (bySubject.get(own.issuer) ?? []);
  const issuer = candidates.find(ca => ca !== certificate && hasIssued(path, ca, own));
  return { certificate, issuer: issuer?.stem ?? '' };
}

/** Without --cascade: what a new key, or a new serial number of its issuer, takes its trust from. */
function refuseWorthless(
  stems: ReadonlySet<string>,
  below: readonly string[],
  present: ReadonlyMap<string, CertificateFile>,
  isRekeyed: boolean,
): void {
  const hint = 'give --cascade, and they are renewed, too';
  const cas = [...stems].join(', ');
  if (isRekeyed && below.length > 0)
    throw new StateError(`a new key of ${cas} makes worthless: ${below.join(', ')}`, hint);
  const pinned = below.filter(stem => namesSerial(present.get(stem)!, stems, present));
  if (pinned.length > 0)
    throw new StateError(
      `by its serial number the present certificate of ${cas} is named in: ${pinned.join(', ')} (authorityKeyIdentifier)`,
      hint,
    );
}

/** Whether a certificate says by which certificate of its issuer it is verified, and that is one of `stems`. */
function namesSerial(
  { certificate }: CertificateFile,
  stems: ReadonlySet<string>,
  present: ReadonlyMap<string, CertificateFile>,
): boolean {
  const serial = authoritySerial(certificate.raw);
  return [...stems].some(
    stem => serial !== undefined && serialOf(present.get(stem)!.certificate.serialNumber) === serial,
  );
}

const stemOf = ({ certificate: { stem } }: Issued): string => stem;

function isEnding({ certificate: { certificate } }: Issued, days: number, now: Date): boolean {
  return new Date(certificate.validTo).getTime() < now.getTime() + days * DAY;
}
