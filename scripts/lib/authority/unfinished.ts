// What a run of `issue` that was killed left: a key, maybe still a draft, whose certificate the CA has issued.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CommandError, StateError } from '../errors.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { issuedFile } from '../store/names.ts';
import { describeRequest, type RequestFacts } from '../store/request-facts.ts';
import { chainFinder } from './chains.ts';
import { authoritiesWithDatabase } from './database.ts';
import { handOut, readIssued } from './deliver.ts';
import { readKnown } from './known.ts';
import { readLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import { draftOf, moveKey } from './output-folders.ts';

/** Makes a request for what is asked for, by a key, in the work folder; the name is without its extension. */
export type MakeRequest = (key: string, name: string) => Promise<string>;

/** Absolute paths of what is asked for. */
export interface Outputs {
  readonly key: string;
  readonly certificate: string;
  /** What is made of these two. */
  readonly others: readonly string[];
}

/**
 * Hands out the certificate of a key that is there and its own, valid, and as it is asked for now; its serial number.
 * Throws a StateError where a draft is the key of another certificate: to make a new one would lose it.
 */
export async function finishInterrupted(
  authority: Authority,
  { key, certificate, others }: Outputs,
  makeRequest: MakeRequest,
): Promise<string | undefined> {
  const isDraft = !existsSync(key);
  const file = isDraft ? draftOf(key) : key;
  const isWhole = existsSync(certificate) && (isDraft || others.length === 0);
  if (isWhole || others.some(each => existsSync(each)) || !existsSync(file)) return undefined;
  const facts = await requestBy(file, makeRequest);
  if (!facts) return undefined;
  const serial = readKnown(authority, []).keys.get(facts.keySha256)?.serial;
  const isAsked = serial !== undefined && isFor(authority, serial, facts);
  if (isDraft) {
    const other = serial === undefined ? otherIssuer(authority, facts) : undefined;
    if (!isAsked && (serial ?? other) !== undefined)
      throw new StateError(
        `"${basename(file)}" is the key of a certificate that ${other ?? authority.stem} issued in a run that was interrupted`,
        'run that again as it was; or move the file away',
      );
    if (isAsked) moveKey(file, key);
  }
  if (!isAsked) return undefined;
  const issued = readIssued(authority, serial);
  return handOut(certificate, issued, chainFinder(authority)(issued)?.text ?? '') ? serial : undefined;
}

/** undefined: somebody's own key, which openssl does not read, or half of one. */
async function requestBy(key: string, makeRequest: MakeRequest): Promise<RequestFacts | undefined> {
  if (readFileSync(key).includes('ENCRYPTED')) return undefined;
  try {
    return describeRequest(readFileSync(await makeRequest(key, 'old')));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** Whether a certificate has the subject and names that a request asks for. */
function isFor({ path, stem }: Authority, serial: string, { subject, extensions }: RequestFacts): boolean {
  const issued = describeCertificate(readFileSync(join(path, issuedFile(stem, serial))));
  const names = 'subjectAltName';
  return isDeepStrictEqual(issued.subject, subject) && issued.extensions.get(names) === extensions.get(names);
}

const otherIssuer = ({ path, stem }: Authority, { keySha256 }: RequestFacts): string | undefined =>
  authoritiesWithDatabase(path).find(
    ca => ca !== stem && readLedger(path, ca).some(entry => entry.keySha256 === keySha256),
  );

/** Removes the draft of a key unless there is a certificate for it, as there is for none whose request cannot be read. */
export function dropDraft({ path, stem }: Authority, key: string, request: string): void {
  const asked = keyOf(request);
  if (asked !== undefined && readLedger(path, stem).some(({ keySha256 }) => keySha256 === asked)) return;
  rmSync(draftOf(key), { force: true });
}

function keyOf(request: string): string | undefined {
  try {
    return describeRequest(readFileSync(request)).keySha256;
  } catch {
    return undefined;
  }
}
