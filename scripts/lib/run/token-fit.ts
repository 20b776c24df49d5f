// Is a key in a token that of a certificate? sign-efi-sig-list does not ask, and what it signs then is worth nothing.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { StateError } from '../errors.ts';
import { describeObject, describeToken, tokenUri } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { readPublicKey } from '../plan/pkcs11.ts';
import { tokenArgument } from '../plan/private-key.ts';
import { certificateIn } from '../store/certificate.ts';
import { findTokenRoad } from '../store/token-road.ts';
import type { Ask } from './token-listing.ts';

/** Pairs that fit, by the environment of a run. */
const known = new WeakMap<NodeJS.ProcessEnv, Set<string>>();

/** Throws where it is another's. `file` is the certificate (PEM); each pair is looked at once a run. */
export async function requireFit(key: TokenKey, file: string, environment: NodeJS.ProcessEnv, ask: Ask): Promise<void> {
  const certificate = certificateIn(readFileSync(file));
  const fits = known.get(environment) ?? new Set<string>();
  const pair = `${tokenUri(key)} ${certificate?.fingerprint256}`;
  if (!certificate || fits.has(pair)) return;
  const argument = tokenArgument(key, findTokenRoad(environment));
  const publicKey = await ask(readPublicKey(argument, key), `look at the key ${describeObject(key)}`);
  if (!createPublicKey(publicKey).equals(certificate.publicKey))
    throw new StateError(
      `the key ${describeObject(key)} of the token ${describeToken(key)} is not that of ${basename(file)}`,
      'the token has another key by that name now: put the right one in its place, or rekey with another object',
    );
  known.set(environment, fits.add(pair));
}
