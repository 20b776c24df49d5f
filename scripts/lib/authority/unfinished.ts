// What a run of `issue` that was killed left: a key, maybe still a draft, whose certificate the CA has issued.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CommandError, StateError } from '../errors.ts';
import { draftOf, draftsLeft } from '../run/draft.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { issuedFile } from '../store/names.ts';
import { refusalOf } from '../store/regular-file.ts';
import { describeRequest, type RequestFacts } from '../store/request-facts.ts';
import { chainFinder } from './chains.ts';
import { authoritiesWithDatabase } from './database.ts';
import { handOut, readIssued } from './deliver.ts';
import { readKnown } from './known.ts';
import { readLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import { giveKey } from './output-folders.ts';

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
  const isWhole = existsSync(certificate) && (isDraft || others.length === 0);
  if (isWhole || others.some(each => existsSync(each))) return undefined;
  const serial = isDraft
    ? await nameDraft(authority, key, makeRequest)
    : serialFor(authority, await requestBy(key, 'old', makeRequest));
  if (serial === undefined) return undefined;
  // Of a run that was killed when its draft had got its name.
  for (const draft of draftsLeft(key)) if (readFileSync(draft).equals(readFileSync(key))) rmSync(draft);
  const issued = readIssued(authority, serial);
  return handOut(certificate, issued, chainFinder(authority)(issued)?.text ?? '') ? serial : undefined;
}

/** Gives the draft of a key its name where its certificate is what is asked for; the serial number of that. */
async function nameDraft(authority: Authority, key: string, makeRequest: MakeRequest): Promise<string | undefined> {
  // Versions before this one had another name for it, which may be that of somebody's own file.
  const former = `${key}.new`;
  for (const [i, draft] of [...draftsLeft(key), former].entries()) {
    const facts = await requestBy(draft, `old${i}`, makeRequest);
    const serial = facts && serialFor(authority, facts);
    if (serial !== undefined) {
      giveKey(draft, key);
      return serial;
    }
    const holder = facts && issuerOf(authority, facts);
    if (holder !== undefined)
      throw new StateError(
        `"${basename(draft)}" is the key of a certificate that ${holder} issued in a run that was interrupted`,
        'run that again as it was; or move the file away',
      );
    if (draft !== former) rmSync(draft, { force: true });
  }
  return undefined;
}

/** undefined: there is no file, or somebody's own key, which openssl does not read, or half of one. */
async function requestBy(key: string, name: string, makeRequest: MakeRequest): Promise<RequestFacts | undefined> {
  // A pipe would wait for its writer.
  if (!existsSync(key) || refusalOf(statSync(key)) !== undefined || readFileSync(key).includes('ENCRYPTED'))
    return undefined;
  try {
    return describeRequest(readFileSync(await makeRequest(key, name)));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** The serial number of the valid certificate of a key, where it is what a request asks for. */
function serialFor(authority: Authority, facts: RequestFacts | undefined): string | undefined {
  const serial = facts && readKnown(authority, []).keys.get(facts.keySha256)?.serial;
  return serial !== undefined && isFor(authority, serial, facts!) ? serial : undefined;
}

/** Whether a certificate has the subject and names that a request asks for. */
function isFor({ path, stem }: Authority, serial: string, { subject, extensions }: RequestFacts): boolean {
  const issued = describeCertificate(readFileSync(join(path, issuedFile(stem, serial))));
  const names = 'subjectAltName';
  return isDeepStrictEqual(issued.subject, subject) && issued.extensions.get(names) === extensions.get(names);
}

/** The CA that issued a certificate for a key: this one, where that is valid, or another one. */
const issuerOf = (authority: Authority, { keySha256 }: RequestFacts): string | undefined =>
  readKnown(authority, []).keys.has(keySha256)
    ? authority.stem
    : authoritiesWithDatabase(authority.path).find(
        ca => ca !== authority.stem && readLedger(authority.path, ca).some(entry => entry.keySha256 === keySha256),
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
