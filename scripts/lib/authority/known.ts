// What a CA has issued so far, by request and by key, and which keys get no certificate from it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseRow, parseIndex, serialOf } from '../store/database-rows.ts';
import { certificateKeyDigest } from '../store/der.ts';
import { issuedFile, issuedFolder } from '../store/names.ts';
import { readBlocklist } from './blocklist.ts';
import { authoritiesWithDatabase, indexFile, readRows } from './database.ts';
import { appendLedger, type LedgerEntry, readLedger } from './ledger.ts';
import type { Authority } from './open.ts';

export interface Known {
  readonly bySha256: Map<string, LedgerEntry>;
  /** Of every certificate that is valid by the index. */
  readonly keys: Map<string, LedgerEntry>;
  /** SHA-256 of public keys, and why: "is on ...", "was revoked ...". */
  readonly blocked: ReadonlyMap<string, string>;
}

/** Throws where the index or a blocklist is damaged. */
export function readKnown({ path, stem }: Authority, blocklists: readonly string[]): Known {
  const rows = readRows(path, stem);
  const ledger = completeLedger(path, stem, rows);
  const status = new Map(rows.map(row => [row.serial, row.status]));
  const bySha256 = new Map<string, LedgerEntry>();
  const keys = new Map<string, LedgerEntry>();
  for (const entry of ledger) {
    // Without a row: of a run that was killed before it wrote the index; nobody got this certificate.
    const own = status.get(serialOf(entry.serial));
    if (own === undefined || own === 'R') continue;
    if (entry.sha256 !== undefined) bySha256.set(entry.sha256, entry);
    keys.set(entry.keySha256, entry);
  }
  const listed = blocklists.flatMap(file =>
    readBlocklist(file).map(key => [key, `is on the blocklist "${file}"`] as const),
  );
  return { bySha256, keys, blocked: new Map([...compromised(path, stem, rows), ...listed]) };
}

/** Certificates that came to the database another way, as those of a generation, have a line too from now on. */
function completeLedger(path: string, ca: string, rows: readonly DatabaseRow[]): LedgerEntry[] {
  const ledger = readLedger(path, ca);
  const known = new Set(ledger.map(({ serial }) => serialOf(serial)));
  const files = new Set(readdirSync(join(path, issuedFolder(ca))));
  const missing = rows.flatMap(({ serial }) => {
    if (known.has(serial)) return [];
    const file = [serial, `0${serial}`].find(name => files.has(`${name}.pem`));
    const keySha256 = file && keyOf(path, ca, file);
    return file && keySha256 ? [{ serial: file, keySha256, sha256: undefined }] : [];
  });
  if (missing.length > 0) appendLedger(path, ca, missing);
  return [...ledger, ...missing];
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
    const all = ca === own ? ownRows : parseIndex(readFileSync(join(path, indexFile(ca)), 'latin1')).rows;
    const rows = all.filter(({ reason }) => COMPROMISE.test(reason ?? ''));
    if (rows.length === 0) return [];
    const ledger = new Map(readLedger(path, ca).map(({ serial, keySha256 }) => [serialOf(serial), keySha256]));
    return rows.flatMap(({ serial }) => {
      const key = ledger.get(serial) ?? keyOf(path, ca, serial) ?? keyOf(path, ca, `0${serial}`);
      return key === undefined ? [] : [[key, `was revoked as compromised by ${ca}`] as [string, string]];
    });
  });
}
