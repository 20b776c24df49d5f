// Is a PKI directory sound, whoever made it? Asks all questions; only reads, and passes files to openssl through a
// folder of its own under the system's temporary one.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { StateError } from '../errors.ts';
import { asksForUnknown } from '../model/extension-rules.ts';
import { inTemporary } from '../run/temporary.ts';
import { asUnreadable, type CertificateFile } from '../store/directory.ts';
import { type Entry, isUnchanged, listEntries } from '../store/inventory.ts';
import { lackOfPki } from '../store/no-pki.ts';
import { checkAlgorithms } from './algorithms.ts';
import { checkChains } from './chains.ts';
import { checkConfiguration } from './configuration.ts';
import { checkDatabases } from './databases.ts';
import { checkExports } from './exports.ts';
import { error, type Finding, inOrder, isSound } from './finding.ts';
import { type Inspection, inspect, type VerifyOptions } from './inspection.ts';
import { checkListNumbers } from './list-numbers.ts';
import { checkManifest } from './manifest.ts';
import { checkModes } from './modes.ts';
import { checkPairs } from './pairs.ts';
import { checkProduction } from './production.ts';
import { checkProtocol } from './protocol.ts';
import { purposesOf } from './purpose.ts';
import { checkRequests } from './requests.ts';
import { checkRetired } from './retired.ts';
import { checkRevocationLists } from './revocation-lists.ts';
import { checkStrays } from './strays.ts';
import { checkEntries, checkUnreadable } from './unreadable.ts';
import { checkValidity } from './validity.ts';
import { checkVariables } from './variables.ts';

export type { VerifyOptions } from './inspection.ts';

interface Reading {
  readonly entries: readonly Entry[];
  readonly findings: readonly Finding[];
}

/** A run that signs or moves files in is over by then, or it is one with many requests. */
const MOST_READINGS = 5;

/**
 * All findings, the worst first. A directory that changed while it was read is read again: part of it was the old one. Of
 * one that never rests, what two readings in a row found. Throws a StateError where there is no directory to look at.
 */
export async function verifyDirectory(
  path: string,
  options: VerifyOptions,
  controller: AbortController,
): Promise<readonly Finding[]> {
  const root = rootOf(path);
  let last = await readThere(root, path, options, controller);
  for (let i = 1; !isSound(last.findings) && !isUnchanged(last.entries, listEntries(root)); i++) {
    const before = last.findings.map(keyOf);
    last = await readThere(root, path, options, controller);
    if (i === MOST_READINGS) return last.findings.filter(each => before.includes(keyOf(each)));
  }
  return last.findings;
}

const keyOf = ({ code, file, message }: Finding): string => [code, file, message].join('\0');

/** A reading in the middle of which a file went away ends there: another one begins. */
async function readThere(...all: Parameters<typeof read>): Promise<Reading> {
  for (let i = 1; ; i++)
    try {
      return await read(...all);
    } catch (failure) {
      if (i === MOST_READINGS || (failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    }
}

const read = (root: string, path: string, options: VerifyOptions, controller: AbortController): Promise<Reading> =>
  inTemporary(async scratch => {
    const inspection = inspect(root, options, scratch, controller);
    const { directory, entries } = inspection;
    const lack = lackOfPki(directory, path);
    const findings = lack ? [error('no-pki', '.', lack.message, lack.hint)] : inOrder(await askAll(inspection));
    // A question whose command was stopped may have taken that for its answer.
    controller.signal.throwIfAborted();
    return { entries, findings };
  });

async function askAll(inspection: Inspection): Promise<Finding[]> {
  const { directory, issuers, now, passphrasesOf, scratch, surroundings } = inspection;
  const { hierarchy } = inspection.settings.configuration;
  const isCriticalMeant = ({ stem }: CertificateFile) => asksForUnknown(hierarchy.get(stem)?.certificate);
  const question = { purposesOf, timeOf: () => now, isOwnTimeAsked: true, isCriticalMeant };
  const answers = await Promise.all([
    checkChains(directory.certificates, issuers, question, scratch, surroundings),
    checkPairs(directory, passphrasesOf, surroundings),
    checkRetired(inspection),
    checkRevocationLists(inspection),
    checkVariables(inspection),
    checkProtocol(inspection),
  ]);
  const findings = [
    ...answers.flat(),
    ...checkUnreadable(inspection),
    ...checkValidity(inspection),
    ...checkAlgorithms(inspection),
    ...checkExports(directory.path),
    ...checkModes(inspection),
    ...checkDatabases(inspection),
    ...checkListNumbers(inspection),
    ...checkManifest(inspection),
    ...checkRequests(inspection),
    ...checkStrays(inspection),
    ...checkConfiguration(inspection),
    ...checkProduction(inspection),
  ];
  return withEntries(findings, checkEntries(inspection));
}

/** What is a link or a FIFO is that, and not also something that cannot be read. */
function withEntries(findings: readonly Finding[], ofEntries: readonly Finding[]): Finding[] {
  const told = new Set(ofEntries.map(({ file }) => file));
  return [...ofEntries, ...findings.filter(({ code, file }) => !(told.has(file) && code.endsWith('-unreadable')))];
}

/** Without links, so that what lies inside can be told. */
function rootOf(path: string): string {
  try {
    if (!statSync(path).isDirectory()) throw new StateError(`"${path}" is no directory`, 'give the directory of a PKI');
    accessSync(path, constants.R_OK | constants.X_OK);
    return realpathSync(path);
  } catch (failure) {
    throw asUnreadable(path, failure);
  }
}
