// What a run of `issue` that was killed left: a key, maybe still a draft, whose certificate the CA has issued.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CommandError, StateError } from '../errors.ts';
import { canonicalKeyType } from '../model/key-type.ts';
import { isEncryptedKey } from '../model/pem.ts';
import type { KeyType } from '../model/types.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { draftOf, draftsLeft } from '../store/draft.ts';
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
import { unlikeProfile } from './profile-fit.ts';
import { profileOf } from './profile-section.ts';
import { isAsLong } from './signing-times.ts';

/** Makes a request for what is asked for, by a key, in the work folder; the name is without its extension. */
export type MakeRequest = (key: string, name: string) => Promise<string>;

/** What is asked for of a profile, and what a key is made as. */
export interface Asked {
  readonly profile: string;
  readonly days: number | undefined;
  readonly keyType: KeyType;
}

/** Absolute paths of what is asked for. */
export interface Outputs {
  readonly key: string;
  readonly certificate: string;
  /** What is made of these two. */
  readonly others: readonly string[];
}

/**
 * Hands out the certificate of a key that is there and its own, valid, and as it is asked for now; its serial number.
 * Throws a StateError where it is the key of another certificate: to make a new one would lose it.
 */
export async function finishInterrupted(
  authority: Authority,
  { key, certificate, others }: Outputs,
  asked: Asked,
  makeRequest: MakeRequest,
): Promise<string | undefined> {
  const isDraft = !existsSync(key);
  const isWhole = existsSync(certificate) && (isDraft || others.length === 0);
  if (isWhole || others.some(each => existsSync(each))) return undefined;
  const serial = isDraft
    ? await nameDraft(authority, key, asked, makeRequest)
    : await serialOfKey(authority, key, asked, makeRequest);
  if (serial === undefined) return undefined;
  // Of a run that was killed when its draft had got its name.
  for (const draft of draftsLeft(key)) if (readFileSync(draft).equals(readFileSync(key))) rmSync(draft);
  const issued = readIssued(authority, serial);
  return handOut(certificate, issued, chainFinder(authority)(issued)?.text ?? '') ? serial : undefined;
}

/** The serial number of the certificate of a key that has its name. */
async function serialOfKey(authority: Authority, key: string, asked: Asked, makeRequest: MakeRequest) {
  const found = certificateOf(authority, await requestBy(key, 'old', makeRequest), asked);
  if (!found || found.unlike.length === 0) return found?.serial;
  throw new StateError(
    `"${key}" is there: nothing is overwritten; it is the key of the certificate ${found.serial}, which is otherwise than asked for now: ${found.unlike.join(', ')}`,
    `ask for that as it is; or give another NAME, or move the file away (trustme-pki revoke ${found.serial} takes its certificate out of use)`,
  );
}

/** Gives the draft of a key its name where its certificate is what is asked for; the serial number of that. */
async function nameDraft(authority: Authority, key: string, asked: Asked, makeRequest: MakeRequest) {
  // Versions before this one had another name for it, which may be that of somebody's own file.
  const former = `${key}.new`;
  for (const [i, draft] of [...draftsLeft(key), former].entries()) {
    const facts = await requestBy(draft, `old${i}`, makeRequest);
    const found = certificateOf(authority, facts, asked);
    if (found?.unlike.length === 0) {
      giveKey(draft, key);
      return found.serial;
    }
    const holder = found ? authority.stem : facts && otherIssuer(authority, facts);
    const what = found ? `: ${found.serial}, which is otherwise than asked for now: ${found.unlike.join(', ')}` : '';
    if (holder !== undefined)
      throw new StateError(
        `"${basename(draft)}" is the key of a certificate that ${holder} issued in a run that was interrupted${what}`,
        'run that again as it was; or move the file away',
      );
    if (draft !== former) rmSync(draft, { force: true });
  }
  return undefined;
}

/** undefined: there is no file, or somebody's own key, which openssl does not read, or half of one. */
async function requestBy(key: string, name: string, makeRequest: MakeRequest): Promise<RequestFacts | undefined> {
  // A pipe would wait for its writer.
  if (!existsSync(key) || refusalOf(statSync(key)) !== undefined || isEncryptedKey(readFileSync(key, 'latin1')))
    return undefined;
  try {
    return describeRequest(readFileSync(await makeRequest(key, name)));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** The valid certificate of a key, and what of it is otherwise than asked for. */
function certificateOf(authority: Authority, request: RequestFacts | undefined, asked: Asked) {
  const serial = request && readKnown(authority, []).keys.get(request.keySha256)?.serial;
  return serial === undefined ? undefined : { serial, unlike: unlikeAsked(authority, serial, request!, asked) };
}

function unlikeAsked(authority: Authority, serial: string, request: RequestFacts, asked: Asked): string[] {
  const { path, stem, certificate } = authority;
  const issued = describeCertificate(readFileSync(join(path, issuedFile(stem, serial))));
  const { validity } = profileOf(authority, asked.profile);
  const wanted = asked.days === undefined ? validity : { ...validity, days: asked.days, notAfter: undefined };
  const names = 'subjectAltName';
  const isAlike = {
    subject: isDeepStrictEqual(issued.subject, request.subject),
    [names]: issued.extensions.get(names) === request.extensions.get(names),
    'key type': issued.keyType === canonicalKeyType(asked.keyType),
    validity: isAsLong(issued, wanted, new Date(certificate.certificate.validTo)),
  };
  return [
    ...Object.keys(isAlike).filter(what => !isAlike[what as keyof typeof isAlike]),
    ...unlikeProfile(authority, asked.profile, issued),
  ];
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
