// Key and certificate in one step from a CA: the key is made here, and handed out with its certificate.
import { join, relative } from 'node:path';
import { StateError } from '../errors.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { Extension, KeyType } from '../model/types.ts';
import { command } from '../plan/job.ts';
import { keyAlgorithm } from '../plan/openssl.ts';
import { runCommand } from '../run/exec.ts';
import { takeLock } from '../run/lock.ts';
import { requireKeyType } from '../run/tools.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { draftBeside, draftOf } from '../store/draft.ts';
import { isTaken, syncPath, writeNew } from '../store/files.ts';
import { ISSUE_LOCK } from '../store/names.ts';
import { chainOf } from './chains.ts';
import { handOut, readIssued } from './deliver.ts';
import type { Result, SignOptions } from './judge.ts';
import type { Authority } from './open.ts';
import { draftKey, giveKey, refuseUnwritable } from './output-folders.ts';
import { writePkcs12 } from './pkcs12.ts';
import { refuseNames, requestConfiguration, subjectOf } from './request-text.ts';
import { signRequests } from './sign-requests.ts';
import { dropDraft, finishInterrupted, type MakeRequest } from './unfinished.ts';

export interface IssueOptions
  extends Omit<SignOptions, 'isLeafOnly' | 'isSameKeyAllowed' | 'isAgain' | 'blocklists' | 'width'> {
  readonly name: string;
  readonly folder: string;
  /** undefined: the attributes of the CA's subject, with `name` for its common name. */
  readonly subject: string | undefined;
  /** KIND:VALUE. */
  readonly names: readonly string[];
  /** undefined: that of the CA's key. */
  readonly keyType: KeyType | undefined;
  /** Variable with the password of a PKCS #12 file that is made too. */
  readonly passwordVariable: string | undefined;
}

export interface Issued {
  readonly serial: string;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** Throws where a file of the name is there already, or the CA refuses what is asked for. */
export async function issue(authority: Authority, options: IssueOptions): Promise<Issued> {
  const { name, folder, passwordVariable } = options;
  const [key, certificate, p12] = ['key', 'cert', 'p12'].map(extension => join(folder, `${name}.${extension}`)) as [
    string,
    string,
    string,
  ];
  const own = describeCertificate(authority.certificate.certificate.raw).keyType;
  const keyType = options.keyType ?? parseKeyType(own);
  const subject = subjectOf(authority, name, options.subject);
  refuseNames(options.names);
  const files = [key, certificate, ...(passwordVariable ? [p12] : [])];
  const request = (ownKey: string, file: string) => makeRequest(authority, options, subject, ownKey, file);
  const unfinished = await finishInterrupted(
    authority,
    { key, certificate, others: files.slice(2) },
    { ...options, keyType },
    request,
  );
  if (!unfinished) refusePresent(files);
  refuseUnwritable(files);
  if (options.keyType && !unfinished) await requireKeyType(options.keyType, undefined, authority.surroundings);
  const serial = unfinished ?? (await make(authority, { ...options, keyType }, request, files));
  if (passwordVariable) {
    const file = { key, certificate, output: p12, name, password: passwordVariable, passphrase: undefined };
    await writePkcs12({ ...file, isLegacy: false }, draftBeside(p12), authority.surroundings);
  }
  return { serial, files };
}

function refusePresent(files: readonly string[]): void {
  const present = files.find(isTaken);
  if (present !== undefined)
    throw new StateError(
      `"${present}" is there: nothing is overwritten`,
      'give another NAME, or another --output-dir; or move it away',
    );
}

/** A request by a key, in a new file of the work folder. */
async function makeRequest(
  { path, work, surroundings }: Authority,
  { name, names }: IssueOptions,
  subject: readonly Extension[],
  key: string,
  file: string,
): Promise<string> {
  const [configuration, request] = [join(work, `${file}.cnf`), join(work, `${file}.csr`)];
  const inside = (each: string) => relative(path, each);
  writeNew(configuration, requestConfiguration(subject, names));
  const args = ['-config', inside(configuration), '-key', inside(key), '-out', inside(request)];
  await runCommand(command('openssl', ['req', '-new', '-batch', ...args]), `${name}.key`, surroundings);
  return request;
}

async function make(
  authority: Authority,
  options: IssueOptions & { readonly keyType: KeyType },
  makeRequest: MakeRequest,
  files: readonly string[],
): Promise<string> {
  const { path, work, surroundings, note } = authority;
  const ownKey = join(work, 'new.key');
  const { algorithm, options: parameters } = keyAlgorithm(options.keyType, false);
  const args = ['genpkey', '-algorithm', algorithm, ...parameters, '-out', relative(path, ownKey)];
  await runCommand(command('openssl', args), `${options.name}.key`, surroundings);
  const asked = await makeRequest(ownKey, 'new');
  // A run on another CA may be at the same name: what that signs would have no key, or this one.
  const waiting = () => note('trustme-pki: waiting for another run of issue');
  const lock = await takeLock(join(path, ISSUE_LOCK), surroundings.controller.signal, waiting);
  try {
    refusePresent(files);
    return await signKey(authority, options, ownKey, asked, files);
  } finally {
    lock.release();
  }
}

/** The certificate for a request, and key and certificate into their place; its serial number. */
async function signKey(
  authority: Authority,
  options: IssueOptions,
  ownKey: string,
  request: string,
  files: readonly string[],
): Promise<string> {
  const [key, certificate] = files as [string, string];
  const order = { given: options.name, file: request, output: join(authority.work, 'new.cert') };
  const signing = { ...options, isLeafOnly: false, isSameKeyAllowed: false, isAgain: false, blocklists: [], width: 1 };
  // Whenever this is killed, a certificate that was issued has its key beside the place where it goes.
  draftKey(ownKey, key);
  try {
    const [result] = (await signRequests(authority, [order], signing, () => {})) as [Result];
    if (result.serial === undefined)
      throw new StateError(`${authority.stem} does not issue "${options.name}": ${result.reason}`);
    // The key first: a certificate without its key would be of no use to anybody.
    giveKey(draftOf(key), key);
    handOut(certificate, readIssued(authority, result.serial), chainOf(authority));
    for (const path of [certificate, options.folder]) syncPath(path);
    return result.serial;
  } catch (error) {
    dropDraft(authority, key, request);
    throw error;
  }
}
