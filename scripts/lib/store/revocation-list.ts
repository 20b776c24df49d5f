// What a revocation list (RFC 5280 5.1) says is revoked. Its entries are walked octet by octet: a tree of a hundred
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pemBlocks, pemToDer } from '../model/pem.ts';
import { type DatabaseRow, parseTime, serialOf } from './database-rows.ts';
import { children, decode, isContextSpecific, type RawExtension, readExtension, SEQUENCE } from './der.ts';
import type { CertificateFile } from './directory.ts';
import { AUTHORITY_KEY, keyIdentifiers } from './key-identifiers.ts';
import { crlFile } from './names.ts';
import { mostBytesOf, refusalOf } from './regular-file.ts';
import { retiredCertificates } from './retired.ts';

export interface RevocationList {
  /** Name of its CA, DER. */
  readonly issuer: Buffer;
  /** Which key has signed it, as it says (RFC 5280 5.2.1): hexadecimal. */
  readonly authority: string | undefined;
  /** RFC 5280 5.2.3; undefined: it has none. */
  readonly number: bigint | undefined;
  /** From when on readers take it; undefined: it cannot be read. */
  readonly thisUpdate: Date | undefined;
  /** When readers look for the next one, and take this one no more; undefined: it does not say. */
  readonly nextUpdate: Date | undefined;
  /** Of all of it, by OID. */
  readonly extensions: ReadonlyMap<string, RawExtension>;
  /** Serial numbers as `serialOf` gives them, and whether that is for ever: a certificate on hold may be released. */
  readonly revoked: ReadonlyMap<string, boolean>;
  /** All of it. */
  readonly der: Buffer;
}

const [INTEGER, TAG_SEQUENCE, EXTENSIONS] = [0x02, 0x30, 0xa0];
const TIMES = [0x17, 0x18];
const NUMBER = '2.5.29.20';
/** An extension's OID 2.5.29.21 (reasonCode), and the ENUMERATED certificateHold in its octets. */
const HOLD = Buffer.from('0603551d1504030a0106', 'hex');

/** Throws a TypeError where the octets are no list. */
export function readRevocationList(der: Buffer): RevocationList {
  const [list] = elements(der, 0, der.length);
  const [tbs] = inside(der, list);
  const fields = inside(der, tbs);
  // The version, which may be left out, is an INTEGER; algorithm, issuer and times (of other types) come next.
  const names = fields[0]?.tag === INTEGER ? 3 : 2;
  const entries = fields.slice(names).find(({ tag }) => tag === TAG_SEQUENCE);
  const found = fields.find(({ tag }) => tag === EXTENSIONS);
  // thisUpdate always, nextUpdate mostly.
  const [begin, next] = fields.slice(names).filter(({ tag }) => TIMES.includes(tag));
  const extensions = found ? extensionsIn(der.subarray(found.from, found.to)) : new Map<string, RawExtension>();
  if (list?.tag !== TAG_SEQUENCE || fields.length < names + 1) throw new TypeError('no revocation list');
  const contentOf = (oid: string): Buffer | undefined => {
    const extension = extensions.get(oid);
    return extension && Buffer.from(extension.extnValue);
  };
  const timeIn = (element: Element | undefined) =>
    element && parseTime(der.toString('latin1', element.from, element.to));
  return {
    issuer: der.subarray(fields[names - 2]!.to, fields[names - 1]!.to),
    authority: authorityIn(contentOf(AUTHORITY_KEY)),
    number: numberIn(contentOf(NUMBER)),
    thisUpdate: timeIn(begin),
    nextUpdate: timeIn(next),
    extensions,
    revoked: new Map(inside(der, entries).map(entry => readEntry(der, entry))),
    der,
  };
}

function readEntry(der: Buffer, { from, to }: Element): [serial: string, isForEver: boolean] {
  const serial = elementAt(der, from, to);
  if (serial.tag !== INTEGER) throw new TypeError('no entry of a revocation list');
  const isHold = der.subarray(serial.to, to).includes(HOLD);
  return [serialOf(der.toString('hex', serial.from, serial.to)), !isHold];
}

/** By OID. */
const extensionsIn = (der: Buffer): Map<string, RawExtension> =>
  new Map(
    children(decode(der), SEQUENCE)
      .map(readExtension)
      .map(extension => [extension.extnID, extension]),
  );

function numberIn(value: Buffer | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  const { from, to } = elementAt(value, 0, value.length);
  return BigInt(`0x${value.toString('hex', from, to)}`);
}

function authorityIn(value: Buffer | undefined): string | undefined {
  const parts = value ? children(decode(value), SEQUENCE) : [];
  const key = parts.find(each => isContextSpecific(each) && each.type === 0);
  return typeof key?.value === 'string' ? Buffer.from(key.value, 'latin1').toString('hex') : undefined;
}

/** One value: its identifier octet, and where its content lies. */
interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** X.690 8.1.3: a length below 128 is one octet, else the first one counts those that follow. */
function elementAt(der: Buffer, at: number, end: number): Element {
  const first = der[at + 1] ?? 0xff;
  const count = first < 0x80 ? 0 : first & 0x7f;
  const from = at + 2 + count;
  if (count > 4 || from > end) throw new TypeError('no DER');
  const to = from + (count === 0 ? first : der.readUIntBE(at + 2, count));
  if (to > end) throw new TypeError('no DER');
  return { tag: der[at]!, from, to };
}

function elements(der: Buffer, from: number, to: number): Element[] {
  const found: Element[] = [];
  for (let at = from; at < to; at = found.at(-1)!.to) found.push(elementAt(der, at, to));
  return found;
}

const inside = (der: Buffer, element: Element | undefined): Element[] =>
  element ? elements(der, element.from, element.to) : [];

/**
 * The list of a CA in its directory, or in another file, in PEM or DER; undefined: there is none that can be read, or
 * another CA's lies there.
 */
export function publishedList(
  path: string,
  { stem, certificate }: CertificateFile,
  file = join(path, crlFile(stem)),
): RevocationList | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found || refusalOf(found, mostBytesOf(crlFile(stem))) !== undefined) return undefined;
  const list = tryToRead(listOctets(readFileSync(file)));
  const own = [certificate, ...retiredCertificates(path, stem)].map(({ raw }) => keyIdentifiers(raw).subject);
  return list && (list.authority === undefined || own.includes(list.authority)) ? list : undefined;
}

/**
 * What a file holds as PEM, else its bytes: DER, which is not searched for text as it may hold any, or what cannot be
 * read.
 */
export function listOctets(content: Buffer): Buffer {
  if (content[0] === TAG_SEQUENCE) return content;
  try {
    const block = pemBlocks(content.toString('latin1')).find(({ label }) => label === 'X509 CRL');
    return block ? pemToDer(block.text) : content;
  } catch {
    return content;
  }
}

/** undefined: the octets are no list. */
export function tryToRead(der: Buffer): RevocationList | undefined {
  try {
    return readRevocationList(der);
  } catch {
    return undefined;
  }
}

/** What is on a list for ever, and not revoked by the rows of the index: an index that lost rows, or an old copy of it. */
export function forgottenBy(
  rows: readonly Pick<DatabaseRow, 'serial' | 'status'>[],
  { revoked }: Pick<RevocationList, 'revoked'>,
): string[] {
  const status = new Map<string, DatabaseRow['status']>();
  for (const row of rows) if (revoked.has(row.serial)) status.set(row.serial, row.status);
  return [...revoked].flatMap(([serial, isForEver]) => {
    const found = status.get(serial);
    return found === undefined || (isForEver && found !== 'R') ? [serial] : [];
  });
}
