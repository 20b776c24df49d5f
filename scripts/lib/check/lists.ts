// Do the UEFI signature lists hold the certificates that they should, and all that was put into them?
import { StateError } from '../errors.ts';
import { isSame, parseSignatureLists, type Signature, X509_GUID } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import { parseVariableUpdate } from '../model/variable-update.ts';
import { readContained } from '../store/contained-file.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { type Manifest, readRecord } from '../store/manifest.ts';
import { listFile, updateFile } from '../store/names.ts';
import { digestOf } from '../store/signature-digest.ts';
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

/**
 * What a list lacks and nothing else can give back: entries that the manifest names, and where there is no list, those of
 * its update that are not our certificates `contains`. One that is made again would forget them.
 */
export function checkLost(
  directory: PkiDirectory,
  stem: string,
  contains: Variable['contains'],
  recorded: Manifest['others'] = {},
): Finding[] {
  const file = listFile(stem);
  const isThere = directory.lists.has(stem);
  const held = isThere ? readList(directory.path, file) : [];
  if (!Array.isArray(held)) return [];
  const payload = isThere ? undefined : payloadOf(directory, stem);
  const own = contains.map(certificatesByStem(directory));
  const carried = payload
    ? parseSignatureLists(payload).filter(({ data }) => !own.some(each => each?.equals(data)))
    : [];
  const digests = held.map(digestOf);
  const wanted = [...(recorded[stem] ?? []), ...carried.map(digestOf)];
  const { size } = new Set(wanted.filter(each => !digests.includes(each)));
  if (size === 0) return [];
  const what = size === 1 ? 'an entry' : `${size} entries`;
  const restore = 'restore it from a copy';
  if (isThere) return [error('list-mismatch', file, `it lacks ${what} that "uefi add" recorded`, restore)];
  const update = payload
    ? `, or take it out of its update: tail -c ${payload.length} ${updateFile(stem)} >${file}`
    : '';
  return [error('file-missing', file, `it held ${what} besides our certificates, and is gone`, `${restore}${update}`)];
}

/** The lists that an update carries; undefined: there is none that can be read, which is told elsewhere. */
function payloadOf({ path, updates }: PkiDirectory, stem: string): Buffer | undefined {
  if (!updates.has(stem)) return undefined;
  try {
    const { payload } = parseVariableUpdate(readContained(path, updateFile(stem)));
    parseSignatureLists(payload);
    return payload;
  } catch {
    return undefined;
  }
}

/** Throws a StateError where a list is to be relied on, or made again, and lacks what was in it. */
export function refuseLost(directory: PkiDirectory, stem: string, contains: Variable['contains']): void {
  const record = readRecord(directory.path);
  const [lost] = checkLost(directory, stem, contains, record.state === 'read' ? record.manifest.others : undefined);
  if (lost) throw new StateError(`"${lost.file}": ${lost.message}`, lost.hint);
}

/** What a list holds. Throws a StateError where it is none. */
export function requireList(root: string, file: string): Signature[] {
  const held = readList(root, file);
  if (Array.isArray(held)) return held;
  throw new StateError(`"${file}": ${held.message}`, held.hint);
}

/** The certificate of a stem, as a list holds it. */
export const certificatesByStem = ({ certificates }: PkiDirectory): ((stem: string) => Buffer | undefined) => {
  const known = byStem(certificates);
  return stem => known.get(stem)?.certificate.raw;
};
