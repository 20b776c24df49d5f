// Reading single values out of facts, with the problem that a wrong one makes.
import type { ConfigProblem } from '../errors.ts';
import type { Fact, Facts } from './ini-text.ts';
import { nearest } from './nearest.ts';

export type Values = ReadonlyMap<string, Fact>;

/** X.660: below the arcs 0 and 1 there are 40 of them. */
export const OID = /^([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))+$/;

/** The words of a list, separated by blanks or commas. */
export const words = (value: string | undefined): string[] => (value ?? '').split(/[\s,]+/).filter(Boolean);

/** The problem of one fact: its file, line and value, and what was expected. */
export function problemAt(
  fact: Fact,
  section: string,
  key: string,
  expected: string,
  extra: Partial<ConfigProblem> = {},
): ConfigProblem {
  return { file: fact.file, line: fact.line, section, key, found: fact.value, expected, ...extra };
}

/** Where a section stands: its first line in the strongest file that has it. */
export function placeOf(section: Values | undefined, file: string): Pick<ConfigProblem, 'file' | 'line'> {
  const facts = [...(section?.values() ?? [])];
  const strongest = facts.findLast(fact => fact.file !== file) ?? facts[0];
  if (!strongest) return { file };
  const lines = facts.filter(fact => fact.file === strongest.file).map(({ line }) => line);
  return { file: strongest.file, line: Math.min(...lines) };
}

/** A fact and those that it overrode: a mistake in one of them waits for the day on which nothing is above it. */
export function layersOf(fact: Fact | undefined): Fact[] {
  return fact ? [...(fact.value === '' ? [] : [fact]), ...layersOf(fact.overrode)] : [];
}

/** The value of a key that must be one of `choices`; undefined, with a problem where it is another. */
export function readChoice(
  values: Values,
  key: string,
  choices: readonly string[],
  problems: ConfigProblem[],
): string | undefined {
  const fact = values.get(key);
  const isChoice = ({ value }: Fact) => choices.includes(value);
  const expected = choices.map(choice => `"${choice}"`).join(' or ');
  for (const wrong of layersOf(fact).filter(each => !isChoice(each)))
    problems.push(problemAt(wrong, '', key, expected, { nearest: nearest(wrong.value, choices) }));
  return fact && isChoice(fact) ? fact.value : undefined;
}

/** The whole number of days of a key; undefined where it is absent or, with a problem, no such number. */
export function readDays(values: Values, section: string, key: string, problems: ConfigProblem[]): number | undefined {
  const fact = values.get(key);
  const isDays = ({ value }: Fact) => /^[1-9][0-9]{0,5}$/.test(value);
  for (const wrong of layersOf(fact).filter(each => !isDays(each)))
    problems.push(problemAt(wrong, section, key, 'a whole number of days from 1 to 999999'));
  return fact && isDays(fact) ? Number(fact.value) : undefined;
}

/** `2026-12-31` or `2026-12-31T23:59:59Z`, UTC; undefined: it is none. */
export function parseTime(text: string): Date | undefined {
  const [, day, time = 'T00:00:00Z'] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\dZ)?$/.exec(text) ?? [];
  const found = new Date(`${day}${time}`);
  // Date takes 31 June for 1 July.
  const isTime = day !== undefined && Number.isFinite(found.getTime()) && found.toISOString().startsWith(day);
  return isTime ? found : undefined;
}

/** The time of a key from 1950 on; undefined as above. */
export function readTime(values: Values, section: string, key: string, problems: ConfigProblem[]): Date | undefined {
  const fact = values.get(key);
  if (!fact) return undefined;
  const found = parseTime(fact.value);
  if (found && found.getUTCFullYear() >= 1950) return found;
  problems.push(problemAt(fact, section, key, 'a day (2027-12-31) or a time in UTC (2027-12-31T23:59:59Z)'));
  return undefined;
}

/** The whole number of a key, in a range; undefined as above. */
export function readNumber(
  values: Values,
  key: string,
  [least, most]: readonly [number, number],
  problems: ConfigProblem[],
): number | undefined {
  const fact = values.get(key);
  if (!fact) return undefined;
  const number = /^[0-9]{1,9}$/.test(fact.value) ? Number(fact.value) : Number.NaN;
  if (number >= least && number <= most) return number;
  problems.push(problemAt(fact, '', key, `a whole number from ${least} to ${most}`));
  return undefined;
}

/** Which keys a section may have: their names, and where there are too many to list, a test. */
export interface KnownKeys {
  readonly names: readonly string[];
  readonly isKey?: (key: string) => boolean;
  /** What passes the test, in words. */
  readonly others?: string;
  /** The name that people mean by another, which is no key. */
  readonly meantBy?: (key: string) => string | undefined;
}

/** Adds a problem for each section and key that is not in `known`, where "urls *" stands for all sections "urls NAME". */
export function refuseUnknown(
  known: Readonly<Record<string, KnownKeys>>,
  facts: Facts,
  file: string,
  problems: ConfigProblem[],
): void {
  for (const [section, entries] of facts) {
    const keys = ownKeys(known, section) ?? ownKeys(known, section.replace(/ .*/, ' *'));
    if (!keys) problems.push(unknownSection(section, Object.keys(known), entries, file));
    else
      for (const [key, fact] of entries)
        if (!(keys.names.includes(key) || keys.isKey?.(key)))
          problems.push(
            problemAt(
              fact,
              section,
              key,
              `one of ${keys.names.join(', ')}${keys.others ? `, or ${keys.others}` : ''}`,
              {
                found: key,
                nearest: keys.meantBy?.(key) ?? nearest(key, keys.names),
              },
            ),
          );
  }
}

const ownKeys = (known: Readonly<Record<string, KnownKeys>>, section: string) =>
  Object.hasOwn(known, section) ? known[section] : undefined;

function unknownSection(section: string, known: readonly string[], entries: Values, file: string): ConfigProblem {
  const names = known.filter(Boolean);
  const [first] = entries.values();
  const inWords = (name: string) => name.replace('*', 'NAME');
  const expected = `one of the sections ${names.map(name => `[${inWords(name)}]`).join(', ')}`;
  const close = nearest(section, names);
  return { file: first?.file ?? file, line: first?.line, section, expected, nearest: close && inWords(close) };
}
