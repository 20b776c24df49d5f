// The [subject] section into the attributes of a distinguished name, in the order in which they are written.
import type { ConfigProblem } from '../errors.ts';
import type { Facts } from './ini-text.ts';
import { effective } from './layers.ts';
import type { Extension } from './types.ts';
import { problemAt, type Values } from './values.ts';

/** Attribute types of X.520, as openssl spells them. */
export const SUBJECT_ATTRIBUTES = [
  'countryName',
  'stateOrProvinceName',
  'localityName',
  'organizationName',
  'organizationalUnitName',
  'commonName',
] as const;

/** Reads the subject; `{brand}` in a value is replaced, and weaker values come from `inherited`. */
export function readSubject(
  facts: Facts,
  inherited: Values,
  brand: string,
  file: string,
  problems: ConfigProblem[],
): Extension[] {
  const values = effective(new Map([...inherited, ...(facts.get('subject') ?? [])]));
  if (!values.has('commonName')) problems.push({ file, section: 'subject', key: 'commonName', expected: 'a name' });
  return SUBJECT_ATTRIBUTES.flatMap(name => {
    const fact = values.get(name);
    if (!fact) return [];
    const value = fact.value.replaceAll('{brand}', () => brand).trim();
    const expected = subjectProblem(name, value);
    if (expected) problems.push(problemAt(fact, 'subject', name, expected, { found: value }));
    return [{ name, value }];
  });
}

/** Upper bounds of X.520, as openssl enforces them; a value must not reach out of its line. */
function subjectProblem(name: string, value: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029[\]$\\{}]/u.test(value)) return 'no control character and none of [ ] $ \\ { } (but {brand})';
  if (name === 'countryName') return /^[A-Z]{2}$/.test(value) ? undefined : 'two capital letters (ISO 3166)';
  const most = name === 'stateOrProvinceName' || name === 'localityName' ? 128 : 64;
  return [...value].length <= most ? undefined : `at most ${most} characters (X.520)`;
}
