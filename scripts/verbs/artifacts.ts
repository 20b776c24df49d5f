// What `sign` and `check` share: kinds of artifacts, their options, and the words that name them.

import { statSync } from 'node:fs';
import { StateError, UsageError } from '../lib/errors.ts';
import { nearest } from '../lib/model/nearest.ts';
import { inputFile } from '../lib/store/input-file.ts';
import { type Given, type OptionTable, textOf } from '../options.ts';
import { DIRECTORY_OPTIONS } from './directory.ts';

const { release: _, ...SHARED } = DIRECTORY_OPTIONS;
export const ARTIFACT_OPTIONS = {
  ...SHARED,
  signer: { type: 'string', multiple: true },
  cms: { type: 'boolean' },
  output: { type: 'string' },
} as const satisfies OptionTable;

/** Kinds, each with who signs it where nobody is named. */
export const SIGNERS = { efi: 'ssig_subca', config: 'ssig_cml', module: 'ssig_subca', ima: 'ssig_subca' } as const;
export type Kind = keyof typeof SIGNERS;
const KINDS = Object.keys(SIGNERS);

/** The kind and its files. */
export function readArtifacts(verb: string, given: Given, [kind, ...words]: readonly string[]): [Kind, string[]] {
  if (kind === undefined || !KINDS.includes(kind)) {
    const close = kind === undefined ? undefined : nearest(kind, KINDS);
    throw new UsageError(
      kind === undefined ? 'nothing to be signed is named' : `"${kind}" is nothing that ${verb} knows`,
      close ? `did you mean "${close}"?` : `usage: trustme-pki ${verb} ${KINDS.join('|')} FILE...`,
    );
  }
  const config = textOf(given, 'config');
  const files = [...(config === undefined ? [] : [config]), ...words];
  if (files.length === 0) throw new UsageError('FILE is missing', `usage: trustme-pki ${verb} ${kind} FILE...`);
  if (files.length > 1 && given.output !== undefined)
    throw new UsageError('--output is for one FILE', 'sign them one after another, or leave --output out');
  for (const option of ['cms', 'config'])
    if (kind !== 'config' && given[option]) throw new UsageError(`--${option} is for configurations`, 'leave it out');
  return [kind as Kind, files.map(artifactFile)];
}

/** What is signed is read whole, and node reads no more than this. */
const MOST_BYTES = 2 ** 31 - 1;

function artifactFile(given: string): string {
  const path = inputFile(given);
  const { size } = statSync(path);
  if (size <= MOST_BYTES) return path;
  throw new StateError(`"${given}" has ${size} bytes: files of 2 GiB and more are not signed`, 'is it the right file?');
}
