// All questions that decide whether a PKI directory may be published.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import type { Signature } from '../model/signature-list.ts';
import type { Variable, VariableName } from '../model/types.ts';
import type { VariableFiles } from '../model/uefi.ts';
import type { Surroundings } from '../run/exec.ts';
import { type PkiDirectory, readPkiDirectory } from '../store/directory.ts';
import { listFile, SCRATCH, updateFile } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';
import { checkChains } from './chains.ts';
import { checkExports } from './exports.ts';
import { error, type Finding } from './finding.ts';
import { certificatesByStem, checkList, readList } from './lists.ts';
import { checkPairs } from './pairs.ts';
import { findIssuers, type Path } from './paths.ts';
import { coarsePurposesOf } from './purpose.ts';
import { checkFieldUpdates, checkUpdate, readUpdate } from './updates.ts';

/** What the directory ought to hold. */
export interface Expectation {
  /** The entities that are asked about; others lend their certificates only. */
  readonly stems: ReadonlySet<string>;
  /** Variable with the passphrase of the key of a stem; undefined: not encrypted. */
  readonly passphraseOf: (stem: string) => string | undefined;
  /** When its certificate is configured to begin; undefined: when it is made. */
  readonly beginOf?: (stem: string) => Date | undefined;
  readonly variables: readonly VariableFiles[];
  /** What the list of a variable holds besides the certificates of entities. */
  readonly othersOf?: (stem: string) => readonly Signature[];
  /** Owner GUID of an entity's certificate in lists, and time stamp of a variable's update, as they were planned. */
  readonly ownerOf?: (stem: string) => string;
  readonly timeOf?: (variable: VariableName) => Date;
}

/** Checks the directory in which the surroundings' commands run. */
export async function checkDirectory(expected: Expectation, surroundings: Surroundings): Promise<Finding[]> {
  const directory = readPkiDirectory(surroundings.folder);
  const scratch = join(directory.path, SCRATCH);
  mkdirSync(scratch, { recursive: true });
  try {
    const findings = await Promise.all([
      checkExpectedChains(directory, expected, scratch, surroundings),
      checkPairs(directory, passphrasesOf(expected), surroundings),
      checkVariables(directory, expected, scratch, surroundings),
    ]);
    const unreadable = directory.unreadable.map(file =>
      error('certificate-unreadable', file, 'it holds no certificate'),
    );
    return [...unreadable, ...findings.flat().map(asError), ...checkExports(directory.path)];
  } finally {
    removeTree(scratch);
  }
}

/** A key that was just made has to open. */
const asError = (finding: Finding): Finding =>
  finding.code === 'key-unreadable' ? { ...finding, severity: 'error' } : finding;

const passphrasesOf = ({ passphraseOf }: Expectation) => {
  return (stem: string) => {
    const own = [passphraseOf(stem) ?? []].flat();
    return { tried: own, own };
  };
};

function checkExpectedChains(
  { certificates }: PkiDirectory,
  { stems, beginOf = () => undefined }: Expectation,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const subjects = certificates.filter(({ stem }) => stems.has(stem));
  const question = {
    ...{ purposesOf: coarsePurposesOf, isOwnTimeAsked: false },
    timeOf: ({ subject, between, anchor }: Path) =>
      latest([subject, ...between, anchor].map(({ stem }) => beginOf(stem))),
    // What was just made is what was asked for.
    isCriticalMeant: () => true,
  };
  return checkChains(subjects, findIssuers(certificates, new Date()), question, scratch, surroundings);
}

/** The time from which on a path is meant to hold, where that is yet to come. */
function latest(begins: readonly (Date | undefined)[]): Date | undefined {
  const time = Math.max(...begins.map(begin => begin?.getTime() ?? 0));
  return time > Date.now() ? new Date(time) : undefined;
}

async function checkVariables(
  directory: PkiDirectory,
  { variables, othersOf = () => [], ownerOf, timeOf }: Expectation,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const certificateOf = certificatesByStem(directory);
  const findings = await Promise.all(
    variables.map(async ({ stem, variable }) => [
      ...checkList(directory, stem, variable.contains, certificateOf, () => othersOf(stem)),
      ...(await checkUpdate(directory, stem, variable, scratch, surroundings)),
      ...(ownerOf ? checkOwners(directory, stem, variable, ownerOf) : []),
      ...(timeOf ? checkPlannedTime(directory, stem, timeOf(variable.name)) : []),
    ]),
  );
  return [...findings.flat(), ...(await checkFieldUpdates(directory, variables, scratch, surroundings))];
}

/** What could not be read is told already. */
function checkOwners(
  { path }: PkiDirectory,
  stem: string,
  { contains }: Variable,
  ownerOf: (stem: string) => string,
): Finding[] {
  const held = readList(path, listFile(stem));
  const wrong = Array.isArray(held) ? contains.filter((member, i) => held[i]?.owner !== ownerOf(member)) : [];
  return wrong.map(member =>
    error('list-mismatch', listFile(stem), `the owner of ${member} in it is not the one that was planned`),
  );
}

function checkPlannedTime({ path }: PkiDirectory, stem: string, time: Date): Finding[] {
  const update = readUpdate(path, updateFile(stem));
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  if ('code' in update || seconds(update.time) === seconds(time)) return [];
  return [
    error(
      'update-mismatch',
      updateFile(stem),
      `it was signed for ${update.time.toISOString()}, planned was ${time.toISOString()}`,
    ),
  ];
}

/** Throws where a finding is an error: such a directory is not published. */
export function refuseUnsound(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const lines = errors.map(({ file, message }) => `\n  ${file}: ${message}`);
  throw new StateError(
    `verification before publishing failed, nothing was published:${lines.join('')}`,
    errors[0]!.hint,
  );
}
