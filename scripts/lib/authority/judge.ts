// Which requests are signed: what was signed before, what must not be, and why.
import { readFileSync, statSync } from 'node:fs';
import { isoTime } from '../model/validity.ts';
import { type DatabaseRow, wholeSerial } from '../store/database-rows.ts';
import { isTaken } from '../store/files.ts';
import { refusalOf } from '../store/regular-file.ts';
import { describeRequest, type RequestFacts } from '../store/request-facts.ts';
import { systemReason } from '../system-error.ts';
import type { Known } from './known.ts';
import { reasonOf } from './list.ts';
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
  /** Whether requests that were signed before are signed again. */
  readonly isAgain: boolean;
  /** Files with SHA-256 of public keys that get no certificate. */
  readonly blocklists: readonly string[];
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

export interface Accepted {
  readonly order: Order;
  readonly facts: RequestFacts;
}

/** `keyOfOther`: SHA-256 of its key, which another request of this run has that may be signed. */
interface Settled {
  readonly order: Order;
  readonly result: Result;
  readonly keyOfOther?: string;
}

export type Judged = Accepted | Settled;

/** `taken` are the requests of this run that will be signed, by key. */
export function judge(
  order: Order,
  profile: ProfileSection,
  { isSameKeyAllowed, isAgain }: SignOptions,
  known: Known,
  taken: Map<string, Accepted>,
): Judged {
  const refuse = (reason: string): Settled => ({ order, result: { given: order.given, result: 'refused', reason } });
  try {
    const facts = describeRequest(readRequest(order.file));
    const held = known.held.get(facts.keySha256);
    if (held) return refuse(whyHeld(held));
    const block = known.blocked.get(facts.keySha256);
    if (block !== undefined) return refuse(`its key ${block}`);
    const before = isAgain ? undefined : known.bySha256.get(facts.sha256);
    if (before) return { order, result: { given: order.given, result: 'already signed', serial: before.serial } };
    const reason = refuseRequest(facts, profile.isNameCopied);
    if (reason) return refuse(reason);
    const past = isAgain ? undefined : known.past.get(facts.sha256);
    if (past) return refuse(whyOver(past));
    const twin = known.keys.get(facts.keySha256);
    if (twin && !isSameKeyAllowed && !(isAgain && twin.sha256 === facts.sha256))
      return refuse(`its key has a certificate: serial ${twin.serial} (--same-key allows another)`);
    const other = taken.get(facts.keySha256);
    // A request that is signed by another key will be refused: it takes nobody's place.
    if (other && !isSameKeyAllowed && !other.facts.isForged())
      return { ...refuse(`it has the same key as ${other.order.given}`), keyOfOther: facts.keySha256 };
    if (isTaken(order.output)) return refuse(`"${order.output}" is there: nothing is overwritten`);
    const accepted = { order, facts };
    taken.set(facts.keySha256, accepted);
    return accepted;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(code === undefined ? message : `it cannot be read: ${systemReason(code)}`);
  }
}

const whyHeld = ({ serial }: DatabaseRow): string =>
  `its certificate ${wholeSerial(serial)} is on hold: release it (revoke ${wholeSerial(serial)} --reason removeFromCRL) or revoke it first`;

function whyOver({ serial, status, reason, expiry }: DatabaseRow): string {
  const what = status === 'R' ? `was revoked (${reasonOf(reason)})` : `ended ${isoTime(expiry)}`;
  return `its certificate ${wholeSerial(serial)} ${what}: --again signs it anew`;
}

/** A request with a few names has one kilobyte, one with a post-quantum key ten. */
const MOST_BYTES = 1024 * 1024;

/** node reads text in one step, and PEM is what requests come in. */
function readRequest(file: string): Buffer | string {
  const refusal = refusalOf(statSync(file), MOST_BYTES);
  if (refusal !== undefined) throw new RangeError(`it ${refusal}`);
  const text = readFileSync(file, 'utf8');
  return text.startsWith('-----BEGIN') ? text : readFileSync(file);
}
