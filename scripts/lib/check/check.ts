// All questions that decide whether a PKI directory may be published.
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import type { Variable } from '../model/types.ts';
import type { Surroundings } from '../run/exec.ts';
import { removeTree } from '../run/staging.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { HIDDEN } from '../store/names.ts';
import { checkChains } from './chains.ts';
import { checkExports } from './exports.ts';
import { error, type Finding } from './finding.ts';
import { checkLists } from './lists.ts';
import { checkPairs, type PassphraseOf } from './pairs.ts';

/** What the directory ought to hold. */
export interface Expectation {
  /** The entities that are asked about; others lend their certificates only. */
  readonly stems: ReadonlySet<string>;
  readonly passphraseOf: PassphraseOf;
  /** Variables by the stem of their files. */
  readonly variables: ReadonlyMap<string, Variable>;
}

/** Checks the directory in which the surroundings' commands run. */
export async function checkDirectory(expected: Expectation, surroundings: Surroundings): Promise<Finding[]> {
  const directory = readPkiDirectory(surroundings.folder);
  const scratch = join(directory.path, HIDDEN, 'scratch');
  try {
    const findings = await Promise.all([
      checkChains(directory, expected.stems, surroundings),
      checkPairs(directory, expected.passphraseOf, surroundings),
      checkLists(directory, expected.variables, scratch, surroundings),
    ]);
    const unreadable = directory.unreadable.map(file =>
      error('certificate-unreadable', file, 'it holds no certificate'),
    );
    return [...unreadable, ...findings.flat(), ...checkExports(directory.path)];
  } finally {
    removeTree(scratch);
  }
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
