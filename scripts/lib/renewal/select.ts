// Which certificates a renewal makes: those that are named, or that expire; with --cascade what is below them.
import { StateError, UsageError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { nearest } from '../model/nearest.ts';
import type { Entity } from '../model/types.ts';
import { isBelow } from '../plan/renewal.ts';
import { serialOf } from '../store/database-rows.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { authoritySerial } from '../store/extension-facts.ts';

export interface Choice {
  /** As typed; empty where `expiring` decides. */
  readonly names: readonly string[];
  /** Days. */
  readonly expiring: number | undefined;
  readonly isCascading: boolean;
  /** Whether the named ones get new keys. */
  readonly isRekeyed: boolean;
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
  /** What is below and stays as it is. */
  readonly dependants: readonly string[];
}

export interface Issued {
  readonly certificate: CertificateFile;
  /** Stem of the CA. */
  readonly issuer: string;
}

/** Throws a UsageError for a name that is none, a StateError where the rest of the PKI would be worth nothing. */
export function selectCertificates(
  { names, expiring, isCascading, isRekeyed }: Choice,
  { certificates, keys }: Pick<PkiDirectory, 'certificates' | 'keys'>,
  hierarchy: Hierarchy,
  now: Date,
): Selection {
  const present = new Map(certificates.map(each => [each.stem, each]));
  const chosen = expiring === undefined ? names.map(name => find(name, present)) : ending(certificates, expiring, now);
  const stems = new Set(chosen.map(({ stem }) => stem));
  const described = [...stems].filter(stem => hierarchy.has(stem));
  for (const stem of described) refuseSupplied(hierarchy.get(stem)!, isRekeyed);
  const here = [...hierarchy.values()].filter(({ stem, supplied }) => present.has(stem) && !supplied);
  const below = here.filter(entity => isBelow(entity, stems, hierarchy) && !stems.has(entity.stem));
  const all = certificates.filter(({ stem }) => !hierarchy.has(stem)).map(each => issuedOf(each, certificates));
  const issued = all.filter(({ certificate: { stem } }) => stems.has(stem));
  if (isRekeyed && issued[0])
    throw new StateError(
      `"${issued[0].certificate.stem}" was made by "issue" or "sign-csr"`,
      'a certificate for another key is another one: trustme-pki issue CA NAME',
    );
  const cas = new Set([...stems, ...below.map(({ stem }) => stem)]);
  const issuedBelow = all.filter(({ certificate: { stem }, issuer }) => !stems.has(stem) && cas.has(issuer));
  const belowNames = [...below, ...issuedBelow.map(({ certificate }) => certificate)].map(({ stem }) => stem);
  if (!isCascading) refuseWorthless(stems, belowNames, present, isRekeyed);
  // The certificate of a cross-certificate is for a key of somebody else's.
  const crossed = isRekeyed ? here.filter(({ keyOf, stem }) => keyOf !== stem && stems.has(keyOf)) : [];
  const more = [...(isCascading ? below : []), ...crossed].map(({ stem }) => stem);
  const again = isCascading ? issuedBelow.filter(({ certificate: { stem } }) => keys.has(stem)) : [];
  return {
    entities: new Set([...described, ...more]),
    rekeyed: new Set(isRekeyed ? stems : []),
    prolonged: new Set(isRekeyed ? [] : described),
    issued: [...issued, ...again],
    dependants: belowNames.filter(
      stem => !more.includes(stem) && !again.some(({ certificate }) => certificate.stem === stem),
    ),
  };
}

function issuedOf(certificate: CertificateFile, certificates: readonly CertificateFile[]): Issued {
  const own = certificate.certificate;
  const issuer = certificates.find(ca => own.checkIssued(ca.certificate) && own.verify(ca.certificate.publicKey));
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

function find(name: string, present: ReadonlyMap<string, CertificateFile>): CertificateFile {
  const found = present.get(name.replace(/\.(cert|crt)$/, ''));
  if (found) return found;
  const close = nearest(name, [...present.keys()]);
  throw new UsageError(
    `the directory has no certificate "${name}"`,
    close ? `did you mean "${close}"?` : 'give the name of a .cert or .crt file in it',
  );
}

function refuseSupplied({ stem, supplied, keyOf }: Entity, isRekeyed: boolean): void {
  if (supplied)
    throw new StateError(
      `the certificate of ${stem} was made elsewhere (${supplied.certificate})`,
      'renew it there, and put the new one in that file',
    );
  if (isRekeyed && keyOf !== stem)
    throw new StateError(`${stem} certifies the key of ${keyOf}`, `give that one: trustme-pki rekey ${keyOf}`);
}

const ending = (certificates: readonly CertificateFile[], days: number, now: Date): CertificateFile[] => {
  const end = now.getTime() + days * 86_400_000;
  return certificates.filter(({ certificate }) => new Date(certificate.validTo).getTime() < end);
};
