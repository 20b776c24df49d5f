// Revokes certificates, puts them on hold and releases them, in the database of the CA that issued them.
import type { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { asn1Time, indexRow } from '../store/ca-database.ts';
import { certificateIn } from '../store/certificate.ts';
import { type DatabaseRow, isHeld, parseIndex, serialOf, wholeSerial } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { hasIssued } from '../store/retired.ts';
import { changeRows, readRows } from './database.ts';
import { reasonOf } from './list.ts';
import { hasDatabase, keepIssued } from './old-directory.ts';
import { type Authority, authoritiesOf, type OpenDirectory } from './open.ts';

/** Reasons of RFC 5280 5.3.1. removeFromCRL releases a certificate from hold. */
export const REASONS = [
  'unspecified',
  'keyCompromise',
  'CACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'removeFromCRL',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Revocation {
  readonly reason: Reason;
  /** When the key was compromised; for keyCompromise and CACompromise alone (RFC 5280 5.3.2). */
  readonly invalidity: Date | undefined;
}

export interface Target {
  readonly ca: string;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  /** undefined: its serial number was given, and its row found. */
  readonly certificate?: X509Certificate;
  /** As typed. */
  readonly given: string;
}

/** Finds the certificate that a word means: a file, a serial number, or the name of a `.cert` of the directory. */
export function findTarget(open: OpenDirectory, given: string): Target {
  const own = open.directory.certificates.find(({ stem, file }) => stem === given || file === given);
  if (own) refuseOtherFile(own, given);
  const certificate = own?.certificate ?? readFile(given);
  if (certificate)
    return { given, ca: issuerOf(open, certificate, given), serial: serialOf(certificate.serialNumber), certificate };
  const serial = /^(0x)?[0-9A-Fa-f:]+$/.test(given) ? serialOf(given.replace(/^0x|:/g, '')) : undefined;
  const holders = serial === undefined ? [] : authoritiesOf(open).filter(({ stem }) => holds(open, stem, serial));
  const [holder, other] = holders;
  if (other) throw new StateError(`two CAs issued the serial number ${serial}`, 'give the certificate’s file');
  if (holder) return { given, ca: holder.stem, serial: serial! };
  if (serial !== undefined)
    throw new StateError(
      `no CA of the directory issued a certificate with the serial number "${given}", and none there has that name`,
      '"trustme-pki list CA" lists what a CA issued',
    );
  throw new UsageError(
    `"${given}" is neither a certificate file, nor a serial number, nor a name in the directory`,
    '"trustme-pki list CA" lists what a CA issued',
  );
}

const holds = ({ directory }: OpenDirectory, ca: string, serial: string): boolean =>
  hasDatabase(directory.path, ca) && readRows(directory.path, ca).some(row => row.serial === serial);

/** Throws a UsageError where a file of the current folder has the name of another certificate in the directory. */
function refuseOtherFile(own: CertificateFile, given: string): void {
  const here = isFile(given) ? certificateIn(readFileSync(given)) : undefined;
  if (!here || here.raw.equals(own.certificate.raw)) return;
  const [file, inside] = [here, own.certificate].map(each => wholeSerial(serialOf(each.serialNumber)));
  throw new UsageError(
    `"${given}" is a file here, of serial number ${file}, and the name of another certificate in the directory, ${inside}`,
    `type ./${given} for the file, ${own.stem === given ? own.file : own.stem} or ${inside} for the one in the directory`,
  );
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

function readFile(file: string): X509Certificate | undefined {
  if (!isFile(file)) return undefined;
  const certificate = certificateIn(readFileSync(file));
  if (certificate) return certificate;
  throw new StateError(`"${basename(file)}" holds no certificate`, 'give a file in PEM or DER');
}

function issuerOf(open: OpenDirectory, certificate: X509Certificate, given: string): string {
  const issuer = authoritiesOf(open).find(each => hasIssued(open.directory.path, each, certificate));
  if (issuer) return issuer.stem;
  throw new StateError(`no CA of the directory issued "${given}"`, 'give the directory of its CA: --dir DIR');
}

export type Change = 'revoked' | 'held' | 'released' | 'reason changed' | 'already revoked';

export interface Changed {
  readonly result: Change;
  /** The one that stands now. */
  readonly reason?: string;
}

/**
 * Changes the rows of one CA's certificates in one write; what happened to each, in order. Throws before it writes. A row
 * that an older copy of the index lost is entered with its certificate: who has that would be believed for ever.
 */
export function revoke(
  { path, stem, note }: Pick<Authority, 'path' | 'stem' | 'note'>,
  targets: readonly Target[],
  { reason, invalidity }: Revocation,
  now: Date,
): Changed[] {
  const bySerial = new Map(readRows(path, stem).map(row => [row.serial, row]));
  const changes = new Map<number, (row: string) => string>();
  const lost = new Map<string, { readonly certificate: X509Certificate; readonly row: string }>();
  const results = targets.map(({ serial, given, certificate }) => {
    const found = bySerial.get(serial);
    const text = found || !certificate ? '' : indexRow(certificate.toString());
    const row = found ?? parseIndex(text).rows[0]!;
    const result = changeOf(row, reason, invalidity, given);
    if (result === 'already revoked') return { result, reason: reasonOf(row.reason) };
    const since = (result === 'reason changed' && row.revocation) || now;
    const change = (line: string) => newRow(line, result, reason, invalidity, since);
    if (found) changes.set(row.line, change);
    else lost.set(serial, { certificate: certificate!, row: `${change(text.trimEnd())}\n` });
    return result === 'released' ? { result } : { result, reason };
  });
  const entered = [...lost.values()];
  keepIssued(
    path,
    stem,
    entered.map(({ certificate }) => certificate),
  );
  const rows = entered.map(({ row }) => row);
  if (changes.size + rows.length > 0) changeRows(path, stem, changes, rows);
  for (const { certificate } of entered)
    note(`trustme-pki: the index of ${stem} had no row of serial number ${certificate.serialNumber}: entered it`);
  return results;
}

const isCompromise = (reason: string): boolean => reason === 'keyCompromise' || reason === 'CACompromise';

/**
 * Hold can be ended either way; any other revocation is for ever (RFC 5280 5.3.1). That a key is known to others, or since
 * when, may turn out later: nobody is to trust what it signed, and it gets no other certificate.
 */
function changeOf(row: DatabaseRow, reason: Reason, invalidity: Date | undefined, given: string): Change {
  const isOnHold = isHeld(row);
  if (reason === 'removeFromCRL') {
    if (isOnHold) return 'released';
    throw new StateError(
      `"${given}" is not on hold`,
      'only what was revoked with --reason certificateHold is released',
    );
  }
  if (row.status === 'R' && !isOnHold) {
    const isNews = isCompromise(reason) && (invalidity ? isUndated(row) : !isCompromise(reasonOf(row.reason)));
    return isNews ? 'reason changed' : 'already revoked';
  }
  if (reason === 'certificateHold') return isOnHold ? 'already revoked' : 'held';
  return 'revoked';
}

/** Whether it does not say when a key was compromised. */
const isUndated = ({ reason }: DatabaseRow): boolean => reasonOf(reason) === (reason ?? 'unspecified');

/** openssl reads UTCTime alone here, which ends then, and would make no list: what is later counts from then. */
const LATEST = new Date('2049-12-31T23:59:59Z');

/** openssl-ca(1): time, reason, and with keyTime or CAkeyTime the time of the compromise. */
function newRow(line: string, change: Change, reason: Reason, invalidity: Date | undefined, since: Date): string {
  const fields = line.split(/(?<!\\)\t/);
  const general = (time: Date) =>
    `${time
      .toISOString()
      .replace(/[^0-9]/g, '')
      .slice(0, 14)}Z`;
  const words = invalidity
    ? [reason === 'CACompromise' ? 'CAkeyTime' : 'keyTime', general(invalidity)]
    : reason === 'unspecified'
      ? []
      : [reason];
  const time = asn1Time(since < LATEST ? since : LATEST);
  const revocation = change === 'released' ? '' : [time, ...words].join(',');
  return [change === 'released' ? 'V' : 'R', fields[1], revocation, ...fields.slice(3)].join('\t');
}
