// A request that waits in a directory for its certificate, read as what it is.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { pendingFile, requestOutputs } from './names.ts';
import { describeRequest, type RequestFacts, requestKey } from './request-facts.ts';

interface WaitingRequest {
  /** PEM. */
  readonly text: string;
  readonly facts: RequestFacts;
  /** Its public key, a DER subjectPublicKeyInfo. */
  readonly publicKey: Buffer;
}

/** What to do about a damaged one: the key beside it may be the only one of a certificate that is on its way. */
export const mendRequest = (path: string, stem: string): string => {
  const file = join(path, pendingFile(stem, 'request.csr'));
  return `put ${requestOutputs(stem)[0]} that was sent in its place; or remove "${dirname(file)}" and make a new request: trustme-pki request ${stem}`;
};

/** The request of `stem`. Throws a StateError where it is damaged. */
export function readWaiting(path: string, stem: string): WaitingRequest {
  const file = join(path, pendingFile(stem, 'request.csr'));
  const text = readFileSync(file, 'latin1');
  try {
    return { text, facts: describeRequest(text), publicKey: requestKey(text) };
  } catch (error) {
    throw new StateError(`"${file}" is damaged: ${(error as Error).message}`, mendRequest(path, stem));
  }
}
