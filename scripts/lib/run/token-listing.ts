// What a token says of itself to pkcs11-tool: its slot, its private keys, whether it takes the PIN.
import { StateError } from '../errors.ts';
import { describeObject, describeToken, tokenUri } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import type { Command } from '../plan/job.ts';
import { listKeys, listTokens } from '../plan/pkcs11.ts';
import { moduleFile } from './token.ts';
import { requireTools } from './tools.ts';

/** Runs a command that is named `what` in errors, and returns what it printed. */
export type Ask = (command: Command, what: string) => Promise<string>;

/** What tokens said in a run, by the environment that it has, then by token. */
const listings = new WeakMap<NodeJS.ProcessEnv, Map<string, string>>();

/** Nothing is known of any token: a run begins. */
export const forgetListings = (environment: NodeJS.ProcessEnv): void => void listings.set(environment, new Map());

/** A token by its module and URI, whichever of its keys is meant. */
export const tokenName = (key: TokenKey, environment: NodeJS.ProcessEnv): string =>
  `${moduleFile(key, environment)} ${tokenUri({ ...key, object: undefined, id: undefined })}`;

/** What a token said in this run; undefined: it was not asked. */
export const knownListing = (key: TokenKey, environment: NodeJS.ProcessEnv): string | undefined =>
  listings.get(environment)?.get(tokenName(key, environment));

/** The same; it is asked where it was not, and logged in to. */
export async function listingOf(key: TokenKey, environment: NodeJS.ProcessEnv, ask: Ask): Promise<string> {
  const known = knownListing(key, environment);
  if (known !== undefined) return known;
  requireTools([], environment, ['pkcs11-tool']);
  const slot = await findSlot(key, ask);
  const listing = await ask(listKeys(key, slot), `look at the token ${describeToken(key)}`);
  return remember(key, environment, listing);
}

function remember(key: TokenKey, environment: NodeJS.ProcessEnv, listing: string): string {
  const ofRun = listings.get(environment) ?? new Map<string, string>();
  listings.set(environment, ofRun.set(tokenName(key, environment), listing));
  return listing;
}

/** The keys that it has now, where its slot is known, counted. */
export async function countKeys(
  key: TokenKey,
  slot: string,
  environment: NodeJS.ProcessEnv,
  ask: Ask,
): Promise<number> {
  const listing = await ask(listKeys(key, slot), `look at the token ${describeToken(key)}`);
  return countIn(remember(key, environment, listing), key);
}

/**
 * Throws where the token is not there or one of two, refuses the PIN, or does not have the key once. The engine takes one
 * of two keys in silence, and pkcs11-provider tells nothing apart; to look after it failed would be a second attempt with
 * a PIN that may be wrong.
 */
export async function requireKey(key: TokenKey, environment: NodeJS.ProcessEnv, ask: Ask): Promise<void> {
  if (countIn(await listingOf(key, environment, ask), key) > 0) return;
  // It may have been made since.
  forgetListings(environment);
  if (countIn(await listingOf(key, environment, ask), key) === 0)
    throw missing(key, 'plug in the token that has it, or name the key that is meant in the [key] section');
}

/** Where a directory that is there says which key it is. */
const OR_URI = ', or, of a directory that is there, in the uri of the file NAME.key';

export const missing = (key: TokenKey, hint: string): StateError =>
  new StateError(`the token ${describeToken(key)} has no private key ${describeObject(key)}`, hint);

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
      `say serial = ... in the [key] section${OR_URI}`,
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
      `name one of them by object and id${OR_URI}`,
    );
  return count;
}
