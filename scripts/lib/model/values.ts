// Reading single values out of facts, with the problem that a wrong one makes.
import type { ConfigProblem } from '../errors.ts';
import type { Fact, Facts } from './ini-text.ts';
import { nearest } from './nearest.ts';

export type Values = ReadonlyMap<string, Fact>;

/** The words of a list, parted by blanks or commas. */
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

/** The value of a key that must be one of `choices`; undefined, with a problem where it is another. */
export function readChoice(
  values: Values,
  key: string,
  choices: readonly string[],
  problems: ConfigProblem[],
): string | undefined {
  const fact = values.get(key);
  if (!fact || choices.includes(fact.value)) return fact?.value;
  const expected = choices.map(choice => `"${choice}"`).join(' or ');
  problems.push(problemAt(fact, '', key, expected, { nearest: nearest(fact.value, choices) }));
  return undefined;
}

/** The whole number of days of a key; undefined where it is absent or, with a problem, no such number. */
export function readDays(values: Values, section: string, key: string, problems: ConfigProblem[]): number | undefined {
  const fact = values.get(key);
  if (!fact || /^[1-9][0-9]{0,5}$/.test(fact.value)) return fact && Number(fact.value);
  problems.push(problemAt(fact, section, key, 'a whole number of days from 1 to 999999'));
  return undefined;
}

/** Adds a problem for each section and key that is not in `known`, where "urls *" stands for all sections "urls NAME". */
export function refuseUnknown(
  known: Readonly<Record<string, readonly string[]>>,
  facts: Facts,
  file: string,
  problems: ConfigProblem[],
): void {
  for (const [section, entries] of facts) {
    const keys = ownKeys(known, section) ?? ownKeys(known, section.replace(/ .*/, ' *'));
    if (!keys) problems.push(unknownSection(section, Object.keys(known), entries, file));
    else
      for (const [key, fact] of entries)
        if (!keys.includes(key))
          problems.push(
            problemAt(fact, section, key, `one of ${keys.join(', ')}`, { found: key, nearest: nearest(key, keys) }),
          );
  }
}

const ownKeys = (known: Readonly<Record<string, readonly string[]>>, section: string) =>
  Object.hasOwn(known, section) ? known[section] : undefined;

function unknownSection(section: string, known: readonly string[], entries: Values, file: string): ConfigProblem {
  const names = known.filter(Boolean);
  const [first] = entries.values();
  const expected = `a section of ${names.map(name => `[${name}]`).join(', ')}`;
  return { file: first?.file ?? file, line: first?.line, section, expected, nearest: nearest(section, names) };
}
