// Do the UEFI signature lists hold the certificates that they should?
import { isSame, parseSignatureLists, type Signature, X509_GUID } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import { readContained } from '../store/contained-file.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { listFile } from '../store/names.ts';
import { error, type Finding } from './finding.ts';

export const LISTS_HINT = 'make it again from the certificates, and sign its update again';

/**
 * A list must hold the certificates of its variable, in order (of a certificate that fills none it is `stem` itself), and
 * after them exactly what `others` says of the rest.
 */
export function checkList(
  directory: PkiDirectory,
  stem: string,
  contains: Variable['contains'],
  certificateOf: (stem: string) => Buffer | undefined,
  others: (rest: readonly Signature[]) => readonly Signature[] = () => [],
): Finding[] {
  const file = listFile(stem);
  const held = readList(directory.path, file);
  if (!Array.isArray(held)) return [held];
  const own = held.slice(0, contains.length);
  const rest = held.slice(contains.length);
  const isOwn =
    own.length === contains.length &&
    own.every(({ type, data }, i) => type === X509_GUID && certificateOf(contains[i]!)?.equals(data));
  const certificates = `the ${contains.length === 1 ? 'certificate' : 'certificates'} of ${contains.join(', ')}`;
  if (!isOwn) return [error('list-mismatch', file, `it does not hold ${certificates}`, LISTS_HINT)];
  const expected = others(rest);
  const isEqual = rest.length === expected.length && rest.every((each, i) => isSame(each, expected[i]!));
  if (isEqual) return [];
  const message = `besides ${contains.length > 0 ? certificates : 'nothing'} it holds entries that nobody recorded`;
  return [error('list-mismatch', file, message, `trustme-pki uefi show FILE lists them; ${LISTS_HINT}`)];
}

/** What a list holds, or why it is none. */
export function readList(root: string, file: string): Signature[] | Finding {
  try {
    return parseSignatureLists(readContained(root, file));
  } catch (failure) {
    return error('list-unreadable', file, `it is no signature list: ${(failure as Error).message}`, LISTS_HINT);
  }
}

/** The certificate of a stem, as a list holds it. */
export const certificatesByStem = ({ certificates }: PkiDirectory): ((stem: string) => Buffer | undefined) => {
  const known = byStem(certificates);
  return stem => known.get(stem)?.certificate.raw;
};
