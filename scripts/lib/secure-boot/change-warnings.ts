// What is to be said of a change of a UEFI list: what some firmware does not take of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { warningOfSize } from '../model/firmware.ts';
import type { Signature } from '../model/signature-list.ts';
import type { VariableName } from '../model/types.ts';
import { parseVariableUpdate } from '../model/variable-update.ts';
import { digestOf } from '../store/signature-digest.ts';
import { describeEntry, warningsOf } from './describe.ts';
import { isRefusedByEdk2 } from './edk2.ts';

/** Of the entries that joined, of those that stay (`kept`), and of the updates among `files`, which are in the folder `path`. */
export const warningsOfChange = (
  path: string,
  files: readonly string[],
  name: VariableName,
  { added, kept }: { readonly added: readonly Signature[]; readonly kept: readonly Signature[] },
): string[] => [
  ...warningsOfSizes(path, files),
  ...added.flatMap(warningsOf),
  ...(name === 'dbx' ? kept : []).filter(isRefusedByEdk2).map(warningOfKept),
];

const warningsOfSizes = (path: string, files: readonly string[]): string[] =>
  files
    .filter(file => file.endsWith('.auth'))
    .flatMap(file => {
      const bytes = readFileSync(join(path, file));
      const warning = warningOfSize(bytes.length, parseVariableUpdate(bytes).payload.length);
      return warning === undefined ? [] : [`${file}: ${warning}`];
    });

const warningOfKept = (entry: Signature): string =>
  `dbx holds ${digestOf(entry)}, for which EDK2 refuses the whole update: "uefi remove dbx" it, and add it again where it is a certificate`;

/** That dbx got the hash of a certificate in its place. */
export const warningOfHashed = (entry: Signature): string => {
  const { subject, keyType } = describeEntry(entry);
  return `dbx has the hash of ${subject}, since EDK2 refuses a whole update that holds its ${keyType} certificate`;
};
