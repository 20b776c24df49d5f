// What a CA issued, as rows for people and programs.
import { printable } from '../errors.ts';
import { isoTime } from '../model/validity.ts';
import { type DatabaseRow, wholeSerial } from '../store/database-rows.ts';
import type { LedgerEntry } from './ledger.ts';

export type Status = 'valid' | 'revoked' | 'expired';
export const STATUSES: readonly Status[] = ['valid', 'revoked', 'expired'];

export interface Issued {
  readonly serial: string;
  /** As openssl writes it, but with letters that are not ASCII: /C=DE/CN=Jörg. */
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly notAfter: string;
  readonly status: Status;
  /** Of what is revoked: ISO 8601, UTC. */
  readonly revoked?: string;
  readonly reason?: string;
  /** SHA-256 of the request (DER) that it was made for, hexadecimal. */
  readonly request?: string;
}

export interface Filter {
  readonly status: Status | undefined;
  /** A part of the subject, whatever its case. */
  readonly subject: string | undefined;
  /** Valid ones alone whose validity ends before this. */
  readonly before: Date | undefined;
}

/** Before anything is made of them: most of a hundred thousand rows are not wanted. */
export const isWanted = (row: DatabaseRow, { status, subject, before }: Filter, now: Date): boolean =>
  (status === undefined || statusOf(row, now) === status) &&
  (subject === undefined || readable(row.subject).toLowerCase().includes(subject.toLowerCase())) &&
  (before === undefined || (statusOf(row, now) === 'valid' && row.expiry < before));

/** openssl writes every octet that is not ASCII as \xNN; what makes no text, or steers terminals, stays so. */
const readable = (subject: string): string =>
  subject.includes('\\x')
    ? subject.replace(/(?:\\x[89A-F][0-9A-F])+/g, octets => {
        const text = Buffer.from(octets.replaceAll('\\x', ''), 'hex').toString('utf8');
        return /[\p{Cc}\u2028\u2029\ufffd]/u.test(text) ? octets : text;
      })
    : subject;

export const statusOf = ({ status, expiry }: DatabaseRow, now: Date): Status =>
  status === 'R' ? 'revoked' : expiry < now ? 'expired' : 'valid';

/** `now` decides what has expired, whatever the index says; `entries` are by serial number. */
export function issuedOf(
  rows: readonly DatabaseRow[],
  entries: ReadonlyMap<string, Pick<LedgerEntry, 'sha256'>>,
  now: Date,
): Issued[] {
  return rows.map(row => {
    const { expiry, serial, subject, revocation, reason } = row;
    const request = entries.get(serial)?.sha256;
    return {
      serial: wholeSerial(serial),
      subject: readable(subject),
      notAfter: isoTime(expiry),
      status: statusOf(row, now),
      ...(revocation ? { revoked: isoTime(revocation), reason: reasonOf(reason) } : {}),
      ...(request === undefined ? {} : { request }),
    };
  });
}

/** openssl says a compromise whose time is known in words of its own. */
const WITH_TIME: Readonly<Record<string, string>> = { keyTime: 'keyCompromise', CAkeyTime: 'CACompromise' };

/** The reason that a word of the index means. */
export const reasonOf = (word = 'unspecified'): string => WITH_TIME[word] ?? word;

const COLUMNS = ['status', 'notAfter', 'serial', 'subject', 'revoked', 'reason', 'request'] as const;

/** RFC 4180: what has commas, quotes or line ends stands in quotes. */
export const formatCsv = (issued: readonly Issued[]): string =>
  [COLUMNS.join(','), ...issued.map(each => COLUMNS.map(column => csvField(each[column] ?? '')).join(','))].join(
    '\r\n',
  );

/** A field that a spreadsheet would take for a formula begins with an apostrophe. */
function csvField(text: string): string {
  const safe = /^[=+@-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const formatIssued = (issued: readonly Issued[]): string =>
  issued
    .map(({ status, notAfter, serial, subject, revoked, reason }) =>
      printable(`${status.padEnd(7)}  ${notAfter}  ${serial}  ${subject}${revoked ? `  (${reason}, ${revoked})` : ''}`),
    )
    .join('\n');
