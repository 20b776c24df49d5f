// What a CA issued, as rows for people and programs.
import { printable } from '../errors.ts';
import { isoTime } from '../model/validity.ts';
import { type DatabaseRow, wholeSerial } from '../store/database-rows.ts';
import type { LedgerEntry } from './ledger.ts';

export type Status = 'valid' | 'revoked' | 'expired';
export const STATUSES: readonly Status[] = ['valid', 'revoked', 'expired'];

export interface Issued {
  readonly serial: string;
  /** As openssl writes it, but in letters: /C=DE/CN=Jörg; before what would look like a next attribute, `\/` or `\+`. */
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly notAfter: string;
  readonly status: Status;
  /** Of what is revoked: ISO 8601, UTC. */
  readonly revoked?: string;
  readonly reason?: string;
  /** SHA-256 of the request (DER) that it was made for, hexadecimal. */
  readonly request?: string;
  /** SHA-256 of its public key (DER subjectPublicKeyInfo), hexadecimal, where it was recorded. */
  readonly key?: string;
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
  (subject === undefined || isFound(row.subject, subject.toLowerCase())) &&
  (before === undefined || (statusOf(row, now) === 'valid' && row.expiry < before));

/** In its letters, or as it is shown. */
const isFound = (subject: string, text: string): boolean =>
  [inLetters(subject).replace(/\\([/+])/g, '$1'), readable(subject)].some(each => each.toLowerCase().includes(text));

/** openssl writes `/` and `+` in values as `\/` and `\+`: they stay so where they could be taken for a next attribute. */
const readable = (subject: string): string => inLetters(subject).replace(/\\([/+])(?![\w.-]+=)/g, '$1');

/** openssl writes every octet that is not ASCII as \xNN; what makes no text, or steers terminals, stays so. */
const inLetters = (subject: string): string =>
  subject.includes('\\x')
    ? subject
        .replace(/(?<==)(?:\\[/+]|[^/+])*/g, value => (value.includes('\\x00') ? fromBmp(value) : value))
        .replace(/(?:\\x[89A-F][0-9A-F])+/g, octets => textOr(octets, octetsOf(octets).toString('utf8')))
    : subject;

/** A BMPString, of which openssl writes both octets of each letter: `\x00b \xAC` is `b€`. Other names have no NUL. */
function fromBmp(value: string): string {
  const octets = octetsOf(value);
  if (octets.length % 2 > 0) return value;
  return textOr(value, octets.swap16().toString('utf16le').replace(/[/+]/g, '\\$&'));
}

const octetsOf = (escaped: string): Buffer =>
  Buffer.from(
    escaped.replace(/\\x([0-9A-F]{2})|\\([/+])/g, (_, hex, sign) => sign ?? String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );

const textOr = (written: string, text: string): string =>
  /[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u.test(text) ? written : text;

export const statusOf = ({ status, expiry }: DatabaseRow, now: Date): Status =>
  status === 'R' ? 'revoked' : expiry < now ? 'expired' : 'valid';

/** `now` decides what has expired, whatever the index says; `entries` are by serial number. */
export function issuedOf(
  rows: readonly DatabaseRow[],
  entries: ReadonlyMap<string, Pick<LedgerEntry, 'sha256' | 'keySha256'>>,
  now: Date,
): Issued[] {
  return rows.map(row => {
    const { expiry, serial, subject, revocation, reason } = row;
    const { sha256: request, keySha256: key } = entries.get(serial) ?? {};
    return {
      serial: wholeSerial(serial),
      subject: readable(subject),
      notAfter: isoTime(expiry),
      status: statusOf(row, now),
      ...(revocation ? { revoked: isoTime(revocation), reason: reasonOf(reason) } : {}),
      ...(request === undefined ? {} : { request }),
      ...(key === undefined ? {} : { key }),
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
