// What a picture of a PKI shows, whatever it is drawn as: hierarchies of certificates. Also the JSON of `graph --json`.
import type { Finding } from '../check/finding.ts';
import type { Extension } from '../model/types.ts';
import { VARIABLE_ORDER } from '../model/uefi.ts';

export type State = 'valid' | 'expires soon' | 'expired' | 'not yet valid';
export type Role = 'root CA' | 'subordinate CA' | 'end-entity certificate' | 'UEFI key';

export interface PictureFile {
  /** Path inside the directory. */
  readonly file: string;
  readonly reader: string | undefined;
}

/** The UEFI variable that a certificate fills. */
export interface PictureVariable {
  readonly name: string;
  /** Stems of what its list holds; SHA-256 of what is known by no stem. */
  readonly contains: readonly string[];
  /** Stem of whose key signs its updates. */
  readonly authoriser: string | undefined;
}

/** One certificate and, below it, what it issued. Text is raw; times are ISO 8601, UTC. */
export interface PictureCertificate {
  /** Names its files; empty where it only stands in another one's chain. */
  readonly stem: string;
  readonly file: string;
  readonly commonName: string;
  readonly role: Role;
  readonly subject: readonly Extension[];
  /** Common name of the issuer. */
  readonly issuer: string;
  /** Whether the issuer's certificate is in the picture. */
  readonly isIssuerKnown: boolean;
  readonly keyType: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly state: State;
  readonly extensions: readonly Extension[];
  /** Serial number, signature algorithm, SHA-256: of a certificate that is made. */
  readonly serial: string | undefined;
  readonly signature: string | undefined;
  readonly sha256: string | undefined;
  readonly files: readonly PictureFile[];
  readonly variable: PictureVariable | undefined;
  /** UEFI variables whose lists hold this certificate. */
  readonly heldBy: readonly string[];
  /** How many further certificates it issued, to requests from outside. */
  readonly issuedToRequests: number;
  readonly findings: readonly Finding[];
  readonly issued: readonly PictureCertificate[];
}

export interface Group {
  readonly kind: 'hierarchy' | 'UEFI';
  readonly title: string;
  readonly roots: readonly PictureCertificate[];
}

export interface Picture {
  readonly schema: 1;
  readonly source: 'configuration' | 'directory';
  /** Path of the directory, or `configuration of BRAND`. */
  readonly title: string;
  readonly now: string;
  readonly groups: readonly Group[];
  /** What is said of no certificate's file. */
  readonly findings: readonly Finding[];
}

const isAnchored = ({ isIssuerKnown }: PictureCertificate): boolean => isIssuerKnown;

/** One group a hierarchy, those with a trust anchor first; UEFI keys together in the last one. */
export function groupRoots(roots: readonly PictureCertificate[]): Group[] {
  const rank = ({ variable }: PictureCertificate) =>
    (VARIABLE_ORDER as readonly string[]).indexOf(variable?.name ?? '') >>> 0;
  const keys = roots.filter(({ variable }) => variable).sort((a, b) => rank(a) - rank(b));
  const others = roots.filter(({ variable }) => !variable);
  const hierarchies = [...others.filter(isAnchored), ...others.filter(root => !isAnchored(root))];
  return [
    ...hierarchies.map(root => ({ kind: 'hierarchy' as const, title: root.commonName, roots: [root] })),
    ...(keys.length > 0 ? [{ kind: 'UEFI' as const, title: 'UEFI keys', roots: keys }] : []),
  ];
}

/** A certificate, how deep it stands, and whether it is the last of what its issuer issued. */
export interface Row {
  readonly certificate: PictureCertificate;
  readonly depth: number;
  /** From the outermost ancestor on: whether it is the last among its siblings. */
  readonly isLast: readonly boolean[];
}

/** The certificates of a group from top to bottom. */
export function rowsOf(group: Group): Row[] {
  const rows: Row[] = [];
  const visit = (certificate: PictureCertificate, depth: number, isLast: readonly boolean[]) => {
    rows.push({ certificate, depth, isLast });
    const { issued } = certificate;
    for (const [i, each] of issued.entries()) visit(each, depth + 1, [...isLast, i === issued.length - 1]);
  };
  for (const root of group.roots) visit(root, 0, []);
  return rows;
}

export const allRows = (picture: Picture): Row[] => picture.groups.flatMap(rowsOf);

export const allFindings = (picture: Picture): Finding[] => [
  ...picture.findings,
  ...allRows(picture).flatMap(({ certificate }) => certificate.findings),
];

/** `3 errors`, `1 warning`; none of what there is none of. */
export function countFindings(findings: readonly Finding[]): string[] {
  return (['error', 'warning', 'info'] as const).flatMap(severity => {
    const count = findings.filter(finding => finding.severity === severity).length;
    return count === 0 ? [] : [plural(count, severity === 'info' ? 'note' : severity)];
  });
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
