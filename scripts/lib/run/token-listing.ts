// What a token says of itself to pkcs11-tool: its slot, its private keys, whether it takes the PIN.
import { StateError } from '../errors.ts';
import { describeObject, describeToken } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import type { Command } from '../plan/job.ts';
import { listKeys, listTokens } from '../plan/pkcs11.ts';

/** Runs a command that is named `what` in errors, and returns what it printed. */
export type Ask = (command: Command, what: string) => Promise<string>;

/** Logs in. */
export const listKeysOf = async (key: TokenKey, ask: Ask): Promise<string> =>
  ask(listKeys(key, await findSlot(key, ask)), `look at the token ${describeToken(key)}`);

/** The same where the slot is known, counted. */
export const countKeys = async (key: TokenKey, slot: string, ask: Ask): Promise<number> =>
  countIn(await ask(listKeys(key, slot), `look at the token ${describeToken(key)}`), key);

/** What the tokens of this process said, by their names. */
const listings = new Map<string, Promise<string>>();

/**
 * Throws where the token `name` is not there, refuses the PIN or lacks the key. pkcs11-provider tells none of these
 * apart; to look after it failed would be a second attempt with a PIN that may be wrong.
 */
export async function requireKey(name: string, key: TokenKey, ask: Ask): Promise<void> {
  const listing = listings.get(name) ?? listKeysOf(key, ask);
  listings.set(name, listing);
  try {
    if (countIn(await listing, key) > 0) return;
  } catch (error) {
    listings.delete(name);
    throw error;
  }
  // It may have been made since.
  listings.delete(name);
  if (countIn(await listKeysOf(key, ask), key) === 0) throw missing(key);
}

export const missing = (key: TokenKey): StateError =>
  new StateError(
    `the token ${describeToken(key)} has no private key ${describeObject(key)}`,
    'name one that is there, or have it made: --generate-token-keys',
  );

/** The number of the slot with the token, hexadecimal. Labels need not be unique: serial numbers are. */
export async function findSlot(key: TokenKey, ask: Ask): Promise<string> {
  const text = await ask(listTokens(key), `look for the token ${describeToken(key)}`);
  const slots = text.split(/^(?=Slot \d+ \()/m).flatMap(block => {
    const slot = /^Slot \d+ \((0x[0-9a-f]+)\)/i.exec(block)?.[1];
    const value = (name: string) => new RegExp(`^ +${name} *: (.*?) *$`, 'm').exec(block)?.[1];
    const isIt =
      (key.token === undefined || value('token label') === key.token) &&
      (key.serial === undefined || value('serial num') === key.serial);
    return slot !== undefined && isIt ? [slot] : [];
  });
  const [slot, other] = slots;
  if (slot === undefined)
    throw new StateError(
      `no token ${describeToken(key)} is there`,
      'plug it in, or mend token and serial in the [key] section: pkcs11-tool --module MODULE --list-token-slots',
    );
  if (other !== undefined)
    throw new StateError(
      `${slots.length} tokens have the label ${describeToken(key)}`,
      'say serial = ... in the [key] section',
    );
  return slot;
}

/** How often a listing of pkcs11-tool has the key; throws where that is more than once. */
export function countIn(listing: string, key: TokenKey): number {
  const count = listing.split(/^(?=Private Key Object)/m).filter(block => {
    const value = (name: string) => new RegExp(`^ +${name}: *(.*?) *$`, 'm').exec(block)?.[1] ?? '';
    return (
      block.startsWith('Private Key Object') &&
      (key.object === undefined || value('label') === key.object) &&
      (key.id === undefined || value('ID').toUpperCase() === key.id)
    );
  }).length;
  if (count > 1)
    throw new StateError(
      `the token ${describeToken(key)} has ${count} private keys ${describeObject(key)}`,
      'name one of them by object and id',
    );
  return count;
}
