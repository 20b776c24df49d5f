// Files that a person names on the command line, links to them among these.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { refusalOf } from './regular-file.ts';

/** Why there is nothing to read at a path, `is …`; undefined: it is a file. To open a pipe would wait for its writer. */
export function absenceOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 'is not there';
  return found.isFile() ? undefined : 'is no file';
}

/** Its absolute path. Throws where it is no file. */
export function inputFile(given: string): string {
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new UsageError(`"${given}" is not there`, 'give a file that is');
  if (!found.isFile()) throw new StateError(`"${given}" is no file`, 'give files, not folders');
  return path;
}

/** Its bytes, where it is no larger than anything of a PKI. */
export function readInput(given: string): Buffer {
  const path = inputFile(given);
  const refusal = refusalOf(statSync(path));
  if (refusal !== undefined) throw new StateError(`"${given}" ${refusal}`);
  return readFileSync(path);
}
