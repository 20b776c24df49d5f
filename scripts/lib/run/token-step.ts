// A key in a token as a step: looked for under the token's lock, made where it is missing and may be made, never twice.
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StateError } from '../errors.ts';
import { canonicalKeyType } from '../model/key-type.ts';
import { describeObject, describeToken, TOKEN_KEY_MARK, tokenKeyHead } from '../model/token.ts';
import type { Job, UseToken } from '../plan/job.ts';
import { generateInToken, tryKey } from '../plan/pkcs11.ts';
import { tokenArgument } from '../plan/private-key.ts';
import { keyTypeOf } from '../store/certificate-facts.ts';
import { writeNew } from '../store/files.ts';
import { describeRequest, requestKey } from '../store/request-facts.ts';
import { publicKeyOf } from '../store/token-key.ts';
import { requireEngine } from '../store/token-road.ts';
import { readCommand, runCommand, type Surroundings } from './exec.ts';
import { takeTokenLock } from './lock.ts';
import { moduleFile } from './token.ts';
import {
  type Ask,
  countIn,
  countKeys,
  findSlot,
  forgetListings,
  knownListing,
  listingOf,
  missing,
} from './token-listing.ts';
import { inTurn } from './token-queue.ts';

/** Makes the file `id`: the URI of the key and its public key. */
export async function runTokenStep(step: UseToken, id: string, surroundings: Surroundings): Promise<void> {
  const module = moduleFile(step.key, surroundings.environment);
  return inTurn(module, () => underLock(module, step, id, surroundings));
}

async function underLock(module: string, step: UseToken, id: string, surroundings: Surroundings): Promise<void> {
  const { key, keyType } = step;
  const lock = await takeTokenLock(module, surroundings.controller.signal);
  try {
    const inside = { ...surroundings, isTokenLocked: true };
    // What was there when the run began need not be looked for again: a key that has gone since fails below.
    const listing = knownListing(key, surroundings.environment);
    if (listing === undefined || countIn(listing, key) === 0) await makeWhereMissing(step, id, inside);
    const request = await readCommand(tryKey(tokenArgument(key, step.road), key), id, inside);
    if (describeRequest(request).isForged())
      throw new StateError(
        `the token ${describeToken(key)} gives another public key for ${describeObject(key)}`,
        'give each key pair of the token an id of its own',
      );
    const publicKey = createPublicKey({ key: requestKey(request), format: 'der', type: 'spki' });
    const found = keyTypeOf(publicKey);
    if (found !== canonicalKeyType(keyType))
      throw new StateError(
        `the key ${describeObject(key)} of the token ${describeToken(key)} is ${found}, and ${id} is to be ${canonicalKeyType(keyType)}`,
        'say key-type in the ini file as the key is, or name another object',
      );
    const twin = holderOf(publicKey, surroundings.folder);
    if (twin !== undefined)
      throw new StateError(
        `the key ${describeObject(key)} of the token ${describeToken(key)}, which ${id} names, is the one that ${twin} names`,
        `name another key, or say key-of = ${basename(twin, '.key')} instead`,
      );
    const text = publicKey.export({ type: 'spki', format: 'pem' });
    writeNew(join(surroundings.folder, id), `${tokenKeyHead(key)}${text}`, 0o600);
  } finally {
    lock.release();
  }
}

/** The file of a folder that says the same key of a token, maybe by another of its names. */
const holderOf = (publicKey: KeyObject, folder: string): string | undefined =>
  readdirSync(folder)
    .filter(name => name.endsWith('.key'))
    .find(name => {
      const text = readFileSync(join(folder, name), 'latin1');
      return text.startsWith(TOKEN_KEY_MARK) && publicKeyOf(text).equals(publicKey);
    });

/** Looks under the token's lock, and makes the key where it is not there and may be made. */
async function makeWhereMissing(step: UseToken, id: string, inside: Surroundings): Promise<void> {
  const { key, keyType, label } = step;
  const ask = asking(inside);
  const slot = await findSlot(key, ask);
  if ((await countKeys(key, slot, inside.environment, ask)) > 0) return;
  if (!step.mayGenerate) throw missing(key, NAME_OR_MAKE);
  await runCommand(generateInToken(key, keyType, label, randomBytes(8).toString('hex'), slot), id, inside);
  // Under load a module may say that it made one, and not have it.
  if ((await countKeys(key, slot, inside.environment, ask)) === 0)
    throw new StateError(`the token ${describeToken(key)} did not keep the key that it made for ${id}`);
}

const NAME_OR_MAKE = 'name one that is there, or have it made: --generate-token-keys';

const asking =
  (surroundings: Surroundings): Ask =>
  (command, what) =>
    readCommand(command, what, surroundings);

/** Asked before anything is made, once a token: is it there, does it take the PIN, and has it each key once? */
export async function requireTokenKeys(
  jobs: readonly Job[],
  mayGenerate: boolean,
  surroundings: Surroundings,
): Promise<void> {
  for (const { step } of jobs)
    if (step.kind === 'command' && step.token && step.tool !== 'openssl')
      requireEngine(step.tool, surroundings.environment);
  forgetListings(surroundings.environment);
  for (const key of jobs.flatMap(({ step }) => (step.kind === 'token' ? [step.key] : []))) {
    const listing = await listingOf(key, surroundings.environment, asking(surroundings));
    if (countIn(listing, key) === 0 && !mayGenerate) throw missing(key, NAME_OR_MAKE);
  }
}
