// A directory without certificates is no PKI, or one that waits for them: what people are told of it.
import { StateError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import type { PkiDirectory } from './directory.ts';
import { isAwaited, readPending } from './requests.ts';

/** Why it is none, and what makes it one; undefined: it is a PKI. `given` is the directory as people know it. */
export function lackOfPki(
  { path, certificates, unreadable }: PkiDirectory,
  given: string,
): { readonly message: string; readonly hint: string } | undefined {
  if (certificates.length + unreadable.length > 0) return undefined;
  if (!isAwaited(path))
    return { message: 'it holds no certificates', hint: `trustme-pki generate --dir ${shellWord(given)} makes them` };
  const waiting = [...readPending(path).values()].filter(({ certificate }) => certificate === undefined);
  const stems = waiting.map(({ stem }) => stem).join(', ');
  return {
    message: `it waits for certificates: ${stems}`,
    hint: `trustme-pki import ENTITY CERT --dir ${shellWord(given)}`,
  };
}

/** Throws a StateError where a directory is no PKI: nothing can be done in it, and that is not "nothing to do". */
export function refuseNoPki(directory: PkiDirectory, given: string): void {
  const lack = lackOfPki(directory, given);
  if (lack) throw new StateError(`"${given}" is no PKI: ${lack.message}`, lack.hint);
}
