// Reads the text database of `openssl ca`. Source: openssl-ca(1), apps/lib/apps.c and crypto/txt_db of OpenSSL 3.0.

export interface DatabaseRow {
  /** Line of index.txt, from 1. */
  readonly line: number;
  /** V: valid, R: revoked, E: expired (by `openssl ca -updatedb` alone). */
  readonly status: 'V' | 'R' | 'E';
  readonly expiry: Date;
  /** Hexadecimal digits as `serialOf` gives them. */
  readonly serial: string;
  /** As openssl writes it: /C=DE/CN=name. */
  readonly subject: string;
  /** Of a revoked certificate: when, and one of openssl's words for why. */
  readonly revocation: Date | undefined;
  readonly reason: string | undefined;
}

/** Whether it is revoked until it is released, or revoked for ever. */
export const isHeld = ({ status, reason }: DatabaseRow): boolean => status === 'R' && reason === 'certificateHold';

export interface DatabaseRows {
  readonly rows: readonly DatabaseRow[];
  readonly malformed: readonly { readonly line: number; readonly reason: string }[];
}

/** Serial numbers in one spelling: upper-case hexadecimal, no leading zero. */
export const serialOf = (hex: string): string => hex.toUpperCase().replace(/^0+(?=.)/, '');

/** A serial number for people and programs: whole bytes, as openssl prints it and names the files of issued certificates. */
export const wholeSerial = (serial: string): string => (serial.length % 2 === 0 ? serial : `0${serial}`);

/** A file with the number of the next list or certificate; openssl wants whole bytes. */
export const NUMBER_FILE = /^([0-9A-Fa-f]{2})+\n?$/;

/**
 * The rows of index.txt, or those that are wanted; lines that are none with the reason. Empty lines and comments count
 * as openssl counts them.
 */
export function parseIndex(text: string, isWanted: (row: DatabaseRow) => boolean = () => true): DatabaseRows {
  const rows: DatabaseRow[] = [];
  const malformed: { line: number; reason: string }[] = [];
  const seen = new Set<string>();
  let line = 0;
  for (const content of eachLine(text)) {
    line++;
    if (content === '' || content.startsWith('#')) continue;
    const row = parseRow(content, line);
    if (typeof row === 'string') malformed.push({ line, reason: row });
    else if (seen.has(row.serial)) malformed.push({ line, reason: 'its serial number stands above' });
    else if (isWanted(row)) rows.push(row);
    if (typeof row !== 'string') seen.add(row.serial);
  }
  return { rows, malformed };
}

/** One after another: a hundred thousand at once would be a task for the garbage collector. */
export function* eachLine(text: string): Iterable<string> {
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from);
    yield end < 0 ? text.slice(from) : text.slice(from, end);
    from = end < 0 ? text.length + 1 : end + 1;
  }
}

/** The row, or why it is none. */
function parseRow(content: string, line: number): DatabaseRow | string {
  // openssl escapes a tab inside a field with a backslash.
  const fields = content.includes('\\') ? content.split(/(?<!\\)\t/) : content.split('\t');
  if (fields.length !== 6) return `it has ${fields.length} fields, not 6`;
  const [status, expiry, revocation, serial, , subject] = fields as [string, string, string, string, string, string];
  const [time = '', reason] = revocation === '' ? [] : revocation.split(',');
  if (!/^[VRE]$/.test(status)) return 'its status is not V, R or E';
  const until = parseTime(expiry);
  if (!until) return 'its expiry is no UTCTime or GeneralizedTime';
  if (status === 'R' ? !parseTime(time) : revocation !== '')
    return status === 'R' ? 'it is revoked without a time' : 'it has a time of revocation, and is not revoked';
  if (!/^[0-9A-Fa-f]+$/.test(serial)) return 'its serial number is not hexadecimal';
  return {
    line,
    status: status as DatabaseRow['status'],
    expiry: until,
    serial: serialOf(serial),
    subject,
    revocation: time === '' ? undefined : parseTime(time),
    reason,
  };
}

/** Thousands of certificates end in few different seconds. */
const times = new Map<string, Date | undefined>();

/** UTCTime or GeneralizedTime as RFC 5280 has them; undefined: it is none. */
export function parseTime(text: string): Date | undefined {
  if (times.size > 100_000) times.clear();
  if (!times.has(text)) times.set(text, readTime(text));
  return times.get(text);
}

/** RFC 5280 4.1.2.5: YYMMDDHHMMSSZ, where 50 to 99 are the years 1950 to 1999, or YYYYMMDDHHMMSSZ. */
function readTime(text: string): Date | undefined {
  const [, century, digits] = /^(\d\d)?(\d{12})Z$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const [year, month, day, ...time] = digits.match(/\d\d/g)! as [string, string, string, string, string, string];
  const iso = `${century ?? (Number(year) < 50 ? '20' : '19')}${year}-${month}-${day}T${time.join(':')}Z`;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
