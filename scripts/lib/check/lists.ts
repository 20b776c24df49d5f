// Do the UEFI signature lists hold the certificates that they should?
import { parseSignatureLists, type Signature, X509_GUID } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import { readContained } from '../store/contained-file.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { listFile } from '../store/names.ts';
import { error, type Finding } from './finding.ts';

export const LISTS_HINT = 'make it again from the certificates, and sign its update again';

/** A list must hold exactly the certificates of its variable, in order; of a foreign variable's it is `stem` itself. */
export function checkList(
  directory: PkiDirectory,
  stem: string,
  contains: Variable['contains'],
  certificateOf: (stem: string) => Buffer | undefined,
): Finding[] {
  const file = listFile(stem);
  const held = readList(directory.path, file);
  if (!Array.isArray(held)) return [held];
  const expected = contains.map(certificateOf);
  const isEqual =
    held.length === expected.length &&
    held.every(({ type, data }, i) => type === X509_GUID && expected[i]?.equals(data));
  return isEqual
    ? []
    : [
        error(
          'list-mismatch',
          file,
          `it does not hold the ${contains.length === 1 ? 'certificate' : 'certificates'} of ${contains.join(', ')}`,
          LISTS_HINT,
        ),
      ];
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
