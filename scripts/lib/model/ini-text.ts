// One ini text into facts, each with the file and line it stands in. The `ini` package reads the values; what it
// would pass over in silence (a cut value, a repeated or bare key, nesting) is found by a look at the raw lines first.
import { parse } from 'ini';
import type { ConfigProblem } from '../errors.ts';

/** One value and where it came from. `overrode` is the fact of the weaker layer that it replaced. */
export interface Fact {
  readonly value: string;
  readonly file: string;
  readonly line: number;
  readonly overrode?: Fact | undefined;
}

/** Keys of a section; '' is the part before the first section. */
export type Section = ReadonlyMap<string, Fact>;
export type Facts = ReadonlyMap<string, Section>;

interface Place {
  readonly section: string;
  readonly key: string;
  readonly line: number;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9.-]*$/;
const SECTION = /^[A-Za-z0-9_ -]+$/;

/** Reads one ini text (UTF-8, `key = value`, `[section]`, comments in lines of their own). Mistakes go into `problems`. */
export function parseIni(text: string, file: string, problems: ConfigProblem[]): Facts {
  const { places, sound } = scanLines(text, file, problems);
  const values = parse(sound.join('\n')) as Record<string, unknown>;
  const facts = new Map<string, Map<string, Fact>>();
  for (const { section, key, line } of places) {
    const holder = (section === '' ? values : values[section]) as Record<string, unknown> | undefined;
    const value = asText(holder?.[key]);
    if (value === undefined) problems.push({ file, line, section, key, expected: 'a text value' });
    else mapIn(facts, section).set(key, { value, file, line });
  }
  return facts;
}

function mapIn(facts: Map<string, Map<string, Fact>>, section: string): Map<string, Fact> {
  const found = facts.get(section) ?? new Map<string, Fact>();
  facts.set(section, found);
  return found;
}

/** `ini` makes true, false and null out of these words: back to what was written. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || value === null ? String(value) : undefined;
}

/** Where each sound line stands, and those lines alone: a broken one must not change what the others mean. */
function scanLines(text: string, file: string, problems: ConfigProblem[]): { places: Place[]; sound: string[] } {
  const places: Place[] = [];
  const sound: string[] = [];
  const seen = new Set<string>();
  let section: string | undefined = '';
  text.split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = index + 1;
    // A byte order mark, too.
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith(';') || trimmed.startsWith('#')) return;
    if (trimmed.startsWith('[')) {
      const name = sectionName(trimmed);
      section = name ?? sectionMeant(trimmed);
      if (name === undefined)
        problems.push({ file, line, found: trimmed, expected: 'a section such as [certificate], alone on its line' });
      else if (seen.has(name)) problems.push({ file, line, section, expected: 'each section once' });
      if (section === undefined) return;
      seen.add(section);
      sound.push(`[${section}]`);
      return;
    }
    // Of lines whose section nobody can tell, nothing can be said.
    if (section === undefined) return;
    const problem = lineProblem(trimmed, `${section}\n`, seen);
    const key = trimmed.slice(0, Math.max(0, trimmed.indexOf('='))).trim();
    if (problem) problems.push({ file, line, section, key: key || undefined, found: trimmed, expected: problem });
    else {
      places.push({ section, key, line });
      sound.push(trimmed);
    }
    seen.add(`${section}\n${key}`);
  });
  return { places, sound };
}

function sectionName(line: string): string | undefined {
  const name = line.endsWith(']') ? line.slice(1, -1).trim() : '';
  return SECTION.test(name) && name !== '__proto__' ? name : undefined;
}

/** What a line without its "]", or with a comment after it, would be called. */
const sectionMeant = (line: string): string | undefined =>
  sectionName(`[${/^\[([^[\];#]*)(\]?\s*[;#].*)?$/.exec(line)?.[1] ?? ''}]`);

/** What is wrong with a `key = value` line, or undefined. */
function lineProblem(line: string, scope: string, seen: ReadonlySet<string>): string | undefined {
  const equals = line.indexOf('=');
  if (equals < 1) return 'key = value';
  const key = line.slice(0, equals).trim();
  const value = line.slice(equals + 1).trim();
  if (!KEY.test(key)) return 'a key of letters, digits, "-" and "."';
  if (seen.has(scope + key)) return 'each key once in a section';
  if (/^"(?:[^"\\]|\\.)*"$/.test(value)) return undefined;
  if (/^["']/.test(value)) return 'a value without quotes, or wholly in double quotes';
  if (/[;#]/.test(value))
    return 'no ";" or "#" in a value without double quotes (a comment stands in a line of its own)';
  if (value.includes('\\')) return 'no backslash in a value';
  return undefined;
}
