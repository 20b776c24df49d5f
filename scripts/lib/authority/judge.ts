// Which requests are signed: what was signed before, what must not be, and why.
import { existsSync, readFileSync } from 'node:fs';
import { serialOf } from '../store/database-rows.ts';
import { describeRequest, type RequestFacts } from '../store/request-facts.ts';
import { readRows } from './database.ts';
import { type LedgerEntry, readLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import type { ProfileSection } from './profile-section.ts';
import { refuseRequest } from './request-policy.ts';

/** A request, and where its certificate goes. */
export interface Order {
  /** As shown. */
  readonly given: string;
  readonly file: string;
  readonly output: string;
}

export interface SignOptions {
  readonly profile: string;
  readonly days: number | undefined;
  /** Whether the chain is left out of the results. */
  readonly isLeafOnly: boolean;
  /** Whether a key that has a certificate may get another one. */
  readonly isSameKeyAllowed: boolean;
  /** openssl processes side by side. */
  readonly width: number;
}

export interface Result {
  readonly given: string;
  readonly result: 'signed' | 'already signed' | 'refused';
  readonly serial?: string;
  readonly output?: string;
  readonly reason?: string;
}

/** What a CA has issued so far, by request and by key. */
export interface Known {
  readonly bySha256: Map<string, LedgerEntry>;
  /** Of every certificate that is valid by the index. */
  readonly keys: Map<string, LedgerEntry>;
  /** Of certificates that were revoked because their key was known to others. */
  readonly blocked: Set<string>;
}

export function readKnown({ path, stem }: Authority): Known {
  const status = new Map(readRows(path, stem).map(row => [row.serial, row]));
  const known: Known = { bySha256: new Map(), keys: new Map(), blocked: new Set() };
  for (const entry of readLedger(path, stem)) {
    const row = status.get(serialOf(entry.serial));
    // A run that was killed before it wrote the index: nobody got this certificate.
    if (!row) continue;
    if (row.status !== 'R') {
      known.bySha256.set(entry.sha256, entry);
      known.keys.set(entry.keySha256, entry);
    } else if (/^(keyCompromise|keyTime)$/.test(row.reason ?? '')) known.blocked.add(entry.keySha256);
  }
  return known;
}

export type Judged =
  | { readonly order: Order; readonly facts: RequestFacts }
  | { readonly order: Order; readonly result: Result };

/** `taken` are the keys of requests of this run. */
export function judge(
  order: Order,
  profile: ProfileSection,
  { isSameKeyAllowed }: SignOptions,
  known: Known,
  taken: Map<string, string>,
): Judged {
  const refuse = (reason: string): Judged => ({ order, result: { given: order.given, result: 'refused', reason } });
  try {
    const facts = describeRequest(readFileSync(order.file));
    const before = known.bySha256.get(facts.sha256);
    if (before) return { order, result: { given: order.given, result: 'already signed', serial: before.serial } };
    const reason = refuseRequest(facts, profile.isNameCopied);
    if (reason) return refuse(reason);
    if (known.blocked.has(facts.keySha256)) return refuse('its key was revoked as compromised');
    const twin = known.keys.get(facts.keySha256);
    if (twin && !isSameKeyAllowed)
      return refuse(`its key has a certificate: serial ${twin.serial} (--same-key allows another)`);
    const other = taken.get(facts.keySha256);
    if (other !== undefined && !isSameKeyAllowed) return refuse(`it has the same key as ${other}`);
    if (existsSync(order.output)) return refuse(`"${order.output}" is there: nothing is overwritten`);
    taken.set(facts.keySha256, order.given);
    return { order, facts };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(code === undefined ? message : `it cannot be read: ${code}`);
  }
}
