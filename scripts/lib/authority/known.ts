// What a CA has issued so far, by request and by key, and which keys get no certificate from it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { indexRow } from '../store/ca-database.ts';
import { type DatabaseRow, isHeld, parseIndex, serialOf, wholeSerial } from '../store/database-rows.ts';
import { certificateKeyDigest } from '../store/der.ts';
import { firstCertificate } from '../store/files.ts';
import { issuedFile } from '../store/names.ts';
import { readBlocklist } from './blocklist.ts';
import { appendRows, authoritiesWithDatabase, readIndex, readRows } from './database.ts';
import { appendLedger, type LedgerEntry, readLedger } from './ledger.ts';
import { statusOf } from './list.ts';
import type { Authority } from './open.ts';

export interface Known {
  /** Of every request whose last certificate is valid by the index and has not ended. */
  readonly bySha256: Map<string, LedgerEntry>;
  /** Of every certificate that is valid and has not ended, by key. */
  readonly keys: Map<string, LedgerEntry>;
  /** Rows of what was revoked or has ended, by request that has it for its last certificate. */
  readonly past: ReadonlyMap<string, DatabaseRow>;
  /** Rows of what is on hold, by key. */
  readonly held: ReadonlyMap<string, DatabaseRow>;
  /** SHA-256 of public keys, and why: "is on ...", "was revoked ...". */
  readonly blocked: ReadonlyMap<string, string>;
}

/** Throws where the index or a blocklist is damaged. */
export function readKnown({ path, stem, note }: Authority, blocklists: readonly string[]): Known {
  const own = readLedger(path, stem);
  const before = readRows(path, stem);
  const stood = bySerial(before);
  const entered = enterLeft(path, stem, stood, own);
  if (entered > 0)
    note(
      `trustme-pki: ${stem}: entered ${entered === 1 ? 'a certificate' : `${entered} certificates`} that an interrupted run had signed`,
    );
  const rows = entered > 0 ? readRows(path, stem) : before;
  const left = entered > 0 ? bySerial(rows) : stood;
  const [bySha256, keys] = [new Map<string, LedgerEntry>(), new Map<string, LedgerEntry>()];
  const [past, held] = [new Map<string, DatabaseRow>(), new Map<string, DatabaseRow>()];
  const now = new Date();
  const count = (entry: LedgerEntry) => {
    const serial = serialOf(entry.serial);
    const row = left.get(serial);
    left.delete(serial); // what is left of it has no line in the ledger
    // Without a row: of a run that ended before its certificate was on disk; nobody got it.
    if (!row) return;
    const isOver = statusOf(row, now) !== 'valid';
    if (entry.sha256 !== undefined) {
      // Of a request that was signed again the last certificate tells.
      past.delete(entry.sha256);
      bySha256.delete(entry.sha256);
      if (isOver) past.set(entry.sha256, row);
      else bySha256.set(entry.sha256, entry);
    }
    if (!isOver) keys.set(entry.keySha256, entry);
    if (isHeld(row)) held.set(entry.keySha256, row);
  };
  own.forEach(count);
  missingEntries(path, stem, [...left.keys()]).forEach(count);
  const listed = blocklists.flatMap(file =>
    readBlocklist(file).map(key => [key, `is on the blocklist "${file}"`] as const),
  );
  return { bySha256, keys, past, held, blocked: new Map([...compromised(path, stem, rows), ...listed]) };
}

type BySerial = Map<string, DatabaseRow>;

function bySerial(rows: readonly DatabaseRow[]): BySerial {
  const found: BySerial = new Map();
  for (const row of rows) found.set(row.serial, row);
  return found;
}

/**
 * What a run had signed that ended before it wrote the index is entered now: it counts as signed, and is handed out. A
 * file that a power cut tore goes. Says how many there were.
 */
function enterLeft(path: string, ca: string, stood: BySerial, ledger: readonly LedgerEntry[]): number {
  const left = ledger
    .filter(({ serial }) => !stood.has(serialOf(serial)))
    .filter(({ serial }) => existsSync(join(path, issuedFile(ca, serial))));
  const added = left.flatMap(({ serial }) => {
    const file = join(path, issuedFile(ca, serial));
    if (keyOf(path, ca, serial) !== undefined) return [indexRow(firstCertificate(file))];
    rmSync(file);
    return [];
  });
  if (added.length > 0) appendRows(path, ca, added.join(''));
  return added.length;
}

/** Certificates that came to the database another way, as those of a generation, have a line too from now on. */
function missingEntries(path: string, ca: string, serials: readonly string[]): LedgerEntry[] {
  const missing = serials.flatMap(serial => {
    const keySha256 = keyOf(path, ca, serial);
    return keySha256 === undefined ? [] : [{ serial: wholeSerial(serial), keySha256, sha256: undefined }];
  });
  if (missing.length > 0) appendLedger(path, ca, missing);
  return missing;
}

/** undefined: there is no such file, or no certificate in it, which is for `verify` to tell. */
function keyOf(path: string, ca: string, serial: string): string | undefined {
  try {
    return certificateKeyDigest(readFileSync(join(path, issuedFile(ca, serial)), 'latin1'));
  } catch {
    return undefined;
  }
}

/** openssl says a compromise whose time is known in a word of its own. */
const COMPROMISE = /^(keyCompromise|keyTime|CACompromise|CAkeyTime)$/;

/** Keys of what any CA of the directory revoked since others know them. */
function compromised(path: string, own: string, ownRows: readonly DatabaseRow[]): [string, string][] {
  return authoritiesWithDatabase(path).flatMap(ca => {
    // Damage in the database of another CA is for `verify` to tell.
    const all = ca === own ? ownRows : parseIndex(readIndex(path, ca)).rows;
    const rows = all.filter(({ reason }) => COMPROMISE.test(reason ?? ''));
    if (rows.length === 0) return [];
    const ledger = new Map(readLedger(path, ca).map(({ serial, keySha256 }) => [serialOf(serial), keySha256]));
    return rows.flatMap(({ serial }) => {
      const key = ledger.get(serial) ?? keyOf(path, ca, serial);
      return key === undefined ? [] : [[key, `was revoked as compromised by ${ca}`] as [string, string]];
    });
  });
}
