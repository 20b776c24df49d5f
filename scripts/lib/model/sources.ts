// The files of configuration folders into one source an entity: layers of one stem merged, removed entities left out,
// keys that another entity owns looked up there.
import type { ConfigProblem } from '../errors.ts';
import type { EntitySource } from './entity.ts';
import { type Fact, type Facts, parseIni } from './ini-text.ts';
import { mergeFacts } from './layers.ts';
import { nearest } from './nearest.ts';
import { problemAt } from './values.ts';

/** One ini file: `name` is its path inside its configuration folder, `file` how messages name it. */
export interface SourceFile {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

interface Layers {
  readonly group: string;
  readonly file: string;
  readonly layers: Facts[];
}

/** Entities that are there, and those that "remove = yes" takes out, each with that line. */
export interface Sources {
  readonly sources: readonly EntitySource[];
  readonly removed: ReadonlyMap<string, Fact>;
  /** What else the files of the removed ones say. */
  readonly parked: readonly EntitySource[];
}

/** Entity files of all folders, weakest folder first. Mistakes go into `problems`. */
export function collectSources(folders: readonly (readonly SourceFile[])[], problems: ConfigProblem[]): Sources {
  const known = new Map<string, Layers>();
  for (const folder of folders) {
    const here = new Map<string, string>();
    for (const source of folder) addLayer(known, here, source, problems);
  }
  const merged = new Map([...known].map(([stem, { layers }]) => [stem, mergeFacts(layers)]));
  const all = [...known].map(([stem, { group, file }]) => ({
    stem,
    group,
    file,
    facts: withKeyOf(stem, merged, problems),
  }));
  const removed = new Map(
    all.filter(each => isRemoved(each, known, problems)).map(each => [each.stem, removalOf(each)!]),
  );
  const sources = all.filter(each => !removed.has(each.stem) && !isFragment(each, known, problems));
  return { sources, removed, parked: all.filter(({ stem }) => removed.has(stem)) };
}

/** What lies in `.pki` where the folders of CAs do. */
export const RESERVED: readonly string[] = ['requests', 'retired', 'scratch', 'staging'];

function addLayer(
  known: Map<string, Layers>,
  here: Map<string, string>,
  { name, file, text }: SourceFile,
  problems: ConfigProblem[],
): void {
  const parts = name.replace(/\.ini$/, '').split('/');
  const stem = parts.at(-1)!;
  const group = parts.length > 1 ? parts[0]! : '';
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(stem))
    problems.push({ file, found: stem, expected: 'a file name of letters, digits, "_", "-" and "."' });
  if (RESERVED.includes(stem))
    problems.push({ file, found: stem, expected: 'another name for the file: this one is taken inside .pki' });
  const twin = here.get(stem);
  if (twin !== undefined)
    problems.push({ file, found: stem, expected: `one file for each entity: "${twin}" is there too` });
  here.set(stem, file);
  const facts = parseIni(text, file, problems);
  const weaker = known.get(stem);
  if (!weaker) known.set(stem, { group, file, layers: [facts] });
  else if (group !== '' && group !== weaker.group)
    problems.push({ file, found: group, expected: `the folder "${weaker.group}", where "${weaker.file}" is` });
  else weaker.layers.push(facts);
}

const REMOVE = 'remove';

const removalOf = ({ facts }: EntitySource): Fact | undefined => facts.get('')?.get(REMOVE);

function isRemoved(source: EntitySource, known: ReadonlyMap<string, Layers>, problems: ConfigProblem[]): boolean {
  const fact = removalOf(source);
  if (fact && fact.value !== '' && fact.value !== 'yes')
    problems.push(problemAt(fact, '', REMOVE, '"yes", or no such line'));
  if (fact?.value !== 'yes') return false;
  const { stem } = source;
  if (!isWhole(source))
    problems.push(
      problemAt(fact, '', REMOVE, 'a file that is called after an entity', {
        found: stem,
        nearest: nearest(stem, othersThan(stem, known)),
      }),
    );
  return true;
}

/** Whether the files of a stem describe an entity, or only change one. */
const isWhole = ({ facts }: EntitySource): boolean =>
  facts.has('certificate') && (facts.has('subject') || facts.get('')?.has('key-of') === true);

const othersThan = (stem: string, known: ReadonlyMap<string, Layers>): string[] =>
  [...known.keys()].filter(other => other !== stem);

/** A file that changes a few keys of an entity that is not there: a typing mistake in its name, where one is near. */
function isFragment(source: EntitySource, known: ReadonlyMap<string, Layers>, problems: ConfigProblem[]): boolean {
  const { stem, file } = source;
  if (isWhole(source)) return false;
  const close = nearest(stem, othersThan(stem, known));
  const expected = 'the name of an entity to change, or a whole entity with [subject] and [certificate]';
  if (close !== undefined) problems.push({ file, found: stem, expected, nearest: close });
  return close !== undefined;
}

/** What belongs to a key, and so to the entity that owns it. */
const KEY_FACTS = ['scheme', 'key-type', 'passphrase-env', 'key-file'];

/** The facts of an entity; where its key is another's, what belongs to that, and its subject unless it has its own. */
function withKeyOf(stem: string, merged: ReadonlyMap<string, Facts>, problems: ConfigProblem[]): Facts {
  const facts = merged.get(stem)!;
  const top = facts.get('');
  const reference = top?.get('key-of');
  if (!top || !reference || reference.value === '' || reference.value === stem) return facts;
  const own = KEY_FACTS.map(key => [key, top.get(key)] as const).find(([, fact]) => fact !== undefined);
  if (own) problems.push(problemAt(own[1]!, '', own[0], `no such line: the key is that of ${reference.value}`));
  const owner = merged.get(reference.value);
  if (!owner || owner.get('')?.has('key-of')) {
    const names = [...merged].filter(([, other]) => !other.get('')?.has('key-of')).map(([name]) => name);
    problems.push(
      problemAt(reference, '', 'key-of', 'the name of an entity with a key of its own', {
        nearest: nearest(reference.value, names),
      }),
    );
    return facts;
  }
  const inherited = [...(owner.get('') ?? [])].filter(([key]) => KEY_FACTS.includes(key) && key !== 'key-file');
  const result = new Map<string, ReadonlyMap<string, Fact>>([...facts, ['', new Map([...inherited, ...top])]]);
  if (owner.has('key')) result.set('key', owner.get('key')!);
  if (!facts.has('subject') && owner.has('subject')) result.set('subject', owner.get('subject')!);
  return result;
}
