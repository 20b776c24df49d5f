// What the lists of UEFI variables hold besides the certificates of entities: vendors' certificates, hashes, and in a
// rotation the certificates that others take the place of.
import { requireList } from '../check/lists.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { type Signature, X509_GUID } from '../model/signature-list.ts';
import { type VariableFiles, variablesIn } from '../model/uefi.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { readManifest } from '../store/manifest.ts';
import { listFile } from '../store/names.ts';
import { digestOf } from '../store/signature-digest.ts';
import type { Selection } from './select.ts';
import { ownersOf } from './variables.ts';

/** The others of one list. */
export interface Others {
  readonly all: readonly Signature[];
  /** Those of them that are new: machines in the field are given them by an update of their own. */
  readonly fresh: readonly Signature[];
}

/** By the stem of the variable's files. */
export type Lists = ReadonlyMap<string, Others>;

/** As the lists of a directory have them. Throws a StateError where one is none. */
export function listsOf(directory: PkiDirectory, hierarchy: Hierarchy): Map<string, Others> {
  const present = variablesIn(hierarchy).filter(({ stem }) => directory.lists.has(stem));
  return new Map(present.map(each => [each.stem, { all: othersIn(directory, each), fresh: [] }]));
}

function othersIn({ path, certificates }: PkiDirectory, { stem, variable: { contains } }: VariableFiles): Signature[] {
  const known = byStem(certificates);
  const own = contains.flatMap(each => known.get(each)?.certificate.raw ?? []);
  const held = requireList(path, listFile(stem));
  return held.filter(({ type, data }) => type !== X509_GUID || !own.some(each => each.equals(data)));
}

/** The lists with the certificates that are replaced staying in them; PK holds one. */
export function keepFormer(
  lists: Lists,
  directory: PkiDirectory,
  hierarchy: Hierarchy,
  { rekeyed }: Pick<Selection, 'rekeyed'>,
): Lists {
  const owners = ownersOf(directory);
  const known = byStem(directory.certificates);
  const result = new Map(lists);
  for (const { stem, variable } of variablesIn(hierarchy)) {
    const former = variable.name === 'PK' ? [] : variable.contains.filter(each => rekeyed.has(each));
    const kept = former.map(each => ({
      type: X509_GUID,
      owner: owners.get(each)!,
      data: known.get(each)!.certificate.raw,
    }));
    const { all, fresh } = lists.get(stem) ?? { all: [], fresh: [] };
    if (kept.length > 0) result.set(stem, { all: [...all, ...kept], fresh });
  }
  return result;
}

/** Entries that no run of ours put there, by the stem of the list. What this run keeps of ours is none of them. */
export function unrecorded(
  { path, certificates }: PkiDirectory,
  lists: Lists,
): ReadonlyMap<string, readonly Signature[]> {
  const recorded = readManifest(path)?.others ?? {};
  const isOurs = ({ data }: Signature) => certificates.some(({ certificate }) => certificate.raw.equals(data));
  const isKnown = (stem: string, each: Signature) => recorded[stem]?.includes(digestOf(each)) || isOurs(each);
  const unknown = [...lists].map(
    ([stem, { all, fresh }]) => [stem, all.filter(each => !fresh.includes(each) && !isKnown(stem, each))] as const,
  );
  return new Map(unknown.filter(([, entries]) => entries.length > 0));
}
