// Key and certificate in one step from a CA: the key is made here, and handed out with its certificate.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { StateError } from '../errors.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { Extension, KeyType } from '../model/types.ts';
import { command } from '../plan/job.ts';
import { keyAlgorithm } from '../plan/openssl.ts';
import { runCommand } from '../run/exec.ts';
import { requireKeyType } from '../run/tools.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { keyDigest } from '../store/der.ts';
import { syncPath, writeNew } from '../store/files.ts';
import { chainFinder, chainOf } from './chains.ts';
import { handOut, readIssued } from './deliver.ts';
import type { Result, SignOptions } from './judge.ts';
import { readLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import { draftOf, moveKey, refuseUnwritable } from './output-folders.ts';
import { writePkcs12 } from './pkcs12.ts';
import { refuseNames, requestConfiguration, subjectOf } from './request-text.ts';
import { signRequests } from './sign-requests.ts';

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
  const subject = subjectOf(authority, name, options.subject);
  refuseNames(options.names);
  const files = [key, certificate, ...(passwordVariable ? [p12] : [])];
  const unfinished = recover(authority, key, certificate);
  const present = files.filter(file => existsSync(file));
  if (present.length > 0 && !unfinished)
    throw new StateError(
      `"${present[0]}" is there: nothing is overwritten`,
      'give another NAME, or another --output-dir',
    );
  refuseUnwritable(files);
  const serial = unfinished ?? (await make(authority, options, subject, key, certificate));
  if (passwordVariable) {
    const file = { key, certificate, output: p12, name, password: passwordVariable, passphrase: undefined };
    await writePkcs12({ ...file, isLegacy: false }, draftOf(p12), authority.surroundings);
  }
  return { serial, files };
}

/** A run that was killed between handing out key and certificate: the serial number of what it had made. */
function recover(authority: Authority, key: string, certificate: string): string | undefined {
  if (!existsSync(key) || existsSync(certificate)) return undefined;
  try {
    const spki = createPublicKey(createPrivateKey(readFileSync(key))).export({ format: 'der', type: 'spki' });
    const own = keyDigest(spki);
    const entry = readLedger(authority.path, authority.stem).findLast(({ keySha256 }) => keySha256 === own);
    if (!entry) return undefined;
    const issued = readIssued(authority, entry.serial);
    handOut(certificate, issued, chainFinder(authority)(issued) ?? '');
    return entry.serial;
  } catch {
    return undefined; // somebody's own key: it stays
  }
}

async function make(
  authority: Authority,
  options: IssueOptions,
  subject: readonly Extension[],
  key: string,
  certificate: string,
): Promise<string> {
  const { path, work, surroundings } = authority;
  const [ownKey, configuration, request] = ['new.key', 'new.cnf', 'new.csr'].map(file => join(work, file)) as [
    string,
    string,
    string,
  ];
  if (options.keyType) await requireKeyType(options.keyType, undefined, surroundings);
  const keyType = options.keyType ?? parseKeyType(describeCertificate(authority.certificate.certificate.raw).keyType);
  const { algorithm, options: parameters } = keyAlgorithm(keyType, false);
  const inside = (file: string) => relative(path, file);
  const run = (args: readonly string[]) => runCommand(command('openssl', args), `${options.name}.key`, surroundings);
  writeNew(configuration, requestConfiguration(subject, options.names));
  await run(['genpkey', '-algorithm', algorithm, ...parameters, '-out', inside(ownKey)]);
  await run([
    'req',
    '-new',
    '-batch',
    '-config',
    inside(configuration),
    '-key',
    inside(ownKey),
    '-out',
    inside(request),
  ]);
  const order = { given: options.name, file: request, output: join(work, 'new.cert') };
  const signing = { ...options, isLeafOnly: false, isSameKeyAllowed: false, isAgain: false, blocklists: [], width: 1 };
  const [result] = (await signRequests(authority, [order], signing, () => {})) as [Result];
  if (result.serial === undefined)
    throw new StateError(`${authority.stem} does not issue "${options.name}": ${result.reason}`);
  // The key first: a certificate without its key would be of no use to anybody.
  moveKey(ownKey, key);
  handOut(certificate, readIssued(authority, result.serial), chainOf(authority));
  for (const path of [certificate, options.folder]) syncPath(path);
  return result.serial;
}
