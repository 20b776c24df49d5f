// Which request led to which certificate: `.pki/CA/requests.tsv`, one line a certificate, appended and synced.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachLine, serialOf } from '../store/database-rows.ts';
import { databaseFolder } from '../store/names.ts';

export interface LedgerEntry {
  readonly serial: string;
  /** SHA-256 of the public key (DER subjectPublicKeyInfo), hexadecimal. */
  readonly keySha256: string;
  /** SHA-256 of the request (DER), hexadecimal; undefined: the certificate was not made for one. */
  readonly sha256: string | undefined;
}

const fileOf = (path: string, ca: string): string => join(path, databaseFolder(ca), 'requests.tsv');
const LINE = /^[0-9A-F]+\t[0-9a-f]{64}\t(?:[0-9a-f]{64}|-)$/;

const textOf = (path: string, ca: string): string => {
  const file = fileOf(path, ca);
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
};

/** Entries in order; a last line that a power cut tore is none. */
export function readLedger(path: string, ca: string): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const line of eachLine(textOf(path, ca))) {
    const entry = parseLine(line);
    if (entry) entries.push(entry);
  }
  return entries;
}

/** Entries of these certificates alone, by serial number as `serialOf` gives it: most of a hundred thousand are not asked for. */
export function readEntriesOf(path: string, ca: string, serials: ReadonlySet<string>): Map<string, LedgerEntry> {
  const entries = new Map<string, LedgerEntry>();
  for (const line of eachLine(textOf(path, ca)))
    if (serials.has(serialOf(line.slice(0, Math.max(0, line.indexOf('\t')))))) {
      const entry = parseLine(line);
      if (entry) entries.set(serialOf(entry.serial), entry);
    }
  return entries;
}

function parseLine(line: string): LedgerEntry | undefined {
  if (!LINE.test(line)) return undefined;
  const [serial, keySha256, sha256] = line.split('\t') as [string, string, string];
  return { serial, keySha256, sha256: sha256 === '-' ? undefined : sha256 };
}

/** A line of its own for each, whatever the file ends with. */
export function appendLedger(path: string, ca: string, entries: readonly LedgerEntry[]): void {
  const text = entries.map(({ serial, keySha256, sha256 }) => `${serial}\t${keySha256}\t${sha256 ?? '-'}\n`).join('');
  const descriptor = openSync(fileOf(path, ca), 'a', 0o644);
  try {
    writeFileSync(descriptor, `\n${text}`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
