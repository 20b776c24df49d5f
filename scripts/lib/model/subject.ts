// The [subject] section into the attributes of a distinguished name, in the order in which they are written.
import type { ConfigProblem } from '../errors.ts';
import type { Fact, Facts } from './ini-text.ts';
import { effective } from './layers.ts';
import { nearest } from './nearest.ts';
import type { Extension } from './types.ts';
import { OID, problemAt, type Values } from './values.ts';

/** What a value of an attribute may be: at most so many characters, of this alphabet. */
interface AttributeRule {
  readonly most: number;
  readonly alphabet?: { readonly pattern: RegExp; readonly expected: string };
}

const PRINTABLE = { pattern: /^[A-Za-z0-9 '()+,\-./:=?]*$/, expected: "letters, digits and '()+,-./:=? alone (X.520)" };
const ASCII = { pattern: /^[\x20-\x7e]*$/, expected: 'ASCII characters alone' };
const COUNTRY = { pattern: /^[A-Z]{2}$/, expected: 'two capital letters (ISO 3166)' };
/** X.520's ub-name, and the bound where X.520 sets none. */
const LONG = 32768;

/**
 * Attribute types of X.520, RFC 4519 and PKCS #9, as openssl spells them, in the order in which they stand in a name;
 * upper bounds of RFC 5280, appendix A.1.
 */
const ATTRIBUTES: Readonly<Record<string, AttributeRule>> = {
  domainComponent: { most: LONG, alphabet: ASCII },
  countryName: { most: 2, alphabet: COUNTRY },
  stateOrProvinceName: { most: 128 },
  localityName: { most: 128 },
  streetAddress: { most: 128 },
  postalCode: { most: 40 },
  postOfficeBox: { most: 40 },
  physicalDeliveryOfficeName: { most: 128 },
  jurisdictionCountryName: { most: 2, alphabet: COUNTRY },
  jurisdictionStateOrProvinceName: { most: 128 },
  jurisdictionLocalityName: { most: 128 },
  businessCategory: { most: 128 },
  organizationName: { most: 64 },
  organizationIdentifier: { most: 256 },
  organizationalUnitName: { most: 64 },
  dmdName: { most: 64 },
  title: { most: 64 },
  role: { most: LONG },
  commonName: { most: 64 },
  surname: { most: LONG },
  givenName: { most: LONG },
  initials: { most: LONG },
  generationQualifier: { most: LONG },
  name: { most: LONG },
  pseudonym: { most: 128 },
  dnQualifier: { most: LONG, alphabet: PRINTABLE },
  serialNumber: { most: 64, alphabet: PRINTABLE },
  userId: { most: 256 },
  telephoneNumber: { most: 32, alphabet: PRINTABLE },
  houseIdentifier: { most: LONG },
  description: { most: 1024 },
  emailAddress: { most: 128, alphabet: ASCII },
};

export const SUBJECT_ATTRIBUTES: readonly string[] = Object.keys(ATTRIBUTES);

/** Short names of RFC 4514, 3, as openssl spells them; all others have their long one alone. */
export const SHORT_NAMES: Readonly<Record<string, string>> = {
  CN: 'commonName',
  L: 'localityName',
  ST: 'stateOrProvinceName',
  O: 'organizationName',
  OU: 'organizationalUnitName',
  C: 'countryName',
  street: 'streetAddress',
  DC: 'domainComponent',
  UID: 'userId',
};

const MEANT: ReadonlyMap<string, string> = new Map(
  [...Object.entries(SHORT_NAMES), ['EMAIL', 'emailAddress'] as const].map(([short, long]) => [
    short.toUpperCase(),
    long,
  ]),
);

/** The attribute that people mean by a short name, in whatever case; undefined where it is none. */
export const attributeMeant = (name: string): string | undefined => MEANT.get(name.toUpperCase());

/** Says in which order attributes stand; those joined by "+" are one relative distinguished name. */
const ORDER = 'order';

/** `organizationalUnitName-2` is a second value of the attribute. */
const baseOf = (key: string): string => key.replace(/-[1-9][0-9]?$/, '');

/** Whether a key of [subject] is one: an attribute or its OID, with or without a number, or the order. */
export const isSubjectKey = (key: string): boolean =>
  key === ORDER || Object.hasOwn(ATTRIBUTES, baseOf(key)) || OID.test(baseOf(key));

/** Reads the subject; `{brand}` in a value is replaced, and weaker values come from `inherited`. */
export function readSubject(
  facts: Facts,
  inherited: Values,
  brand: string,
  file: string,
  problems: ConfigProblem[],
): Extension[] {
  const values = effective(new Map([...inherited, ...(facts.get('subject') ?? [])]));
  // Where the key is another's and so is the subject, a mistake in "key-of" is told there.
  const hasOwn = facts.has('subject') || !facts.get('')?.has('key-of');
  if (!values.has('commonName') && hasOwn) {
    const { file: at = file, line, value: found } = facts.get('subject')?.get('commonName') ?? {};
    problems.push({ file: at, line, section: 'subject', key: 'commonName', found, expected: 'a name' });
  }
  const order = values.get(ORDER);
  values.delete(ORDER);
  const keys = [...values.keys()].filter(isSubjectKey).sort(byTable);
  for (const key of keys) checkValue(key, values, brand, problems);
  const names = order ? arrange(order.value, keys) : keys.map(key => [key]);
  if (order) checkOrder(order, keys, problems);
  return names.flatMap(name => name.map((key, i) => attribute(key, i > 0, values, brand)));
}

function checkOrder(order: Fact, keys: readonly string[], problems: ConfigProblem[]): void {
  const words = order.value.split(/[\s,+]+/).filter(Boolean);
  const refuse = (expected: string, found: string, close?: string) =>
    problems.push(problemAt(order, 'subject', ORDER, expected, { found, nearest: close }));
  const stray = words.find(word => !keys.includes(word));
  if (stray) refuse(`one of the subject's attributes: ${keys.join(', ')}`, stray, nearest(stray, keys));
  const twice = words.find((word, i) => words.indexOf(word) !== i);
  if (twice) refuse('each attribute once (a second value has a key of its own, KEY-2)', twice);
}

/** Attributes as in the table, then OIDs; several values of one in the order of their numbers. */
function byTable(a: string, b: string): number {
  const rank = (key: string) => SUBJECT_ATTRIBUTES.indexOf(baseOf(key)) >>> 0;
  const number = (key: string) => Number(/-([1-9][0-9]?)$/.exec(key)?.[1] ?? 1);
  return rank(a) - rank(b) || baseOf(a).localeCompare(baseOf(b), 'en') || number(a) - number(b);
}

/** The relative distinguished names that `order` lists, then one for each attribute that it leaves out. */
function arrange(order: string, keys: readonly string[]): string[][] {
  const listed = order
    .replace(/\s*\+\s*/g, '+')
    .split(/[\s,]+/)
    .map(name => name.split('+').filter(key => keys.includes(key)));
  const rest = keys.filter(key => !listed.some(name => name.includes(key)));
  return [...listed, ...rest.map(key => [key])];
}

const withBrand = (value: string, brand: string): string => value.replaceAll('{brand}', () => brand).trim();

/**
 * One line of openssl's distinguished_name section: "+" joins it to the line before, and where one name stands twice
 * (or has dots) a number comes first, which openssl drops.
 */
function attribute(key: string, isJoined: boolean, values: Values, brand: string): Extension {
  const base = baseOf(key);
  const isOid = OID.test(base);
  const twins = [...values.keys()].filter(other => baseOf(other) === base);
  const number = isOid || twins.length > 1 ? `${twins.indexOf(key)}.` : '';
  return { name: `${number}${isJoined ? '+' : ''}${base}`, value: withBrand(values.get(key)!.value, brand) };
}

/** The subject of an entity without the numbers of openssl's configuration, as that of a certificate is described. */
export const plainSubject = ({ subject }: { readonly subject: readonly Extension[] }): Extension[] =>
  subject.map(({ name, value }) => ({ name: name.replace(/^\d+\./, ''), value }));

/** What is wrong with the value of an attribute in a configuration; undefined if nothing. */
export function refuseAttribute(name: string, value: string): string | undefined {
  const refusal = refuseText(value);
  return refusal ? `${refusal} (but {brand})` : refuseByX520(name, value);
}
/** What X.520 has against the value of an attribute, wherever it comes from; undefined: nothing. */
export function refuseByX520(name: string, value: string): string | undefined {
  const { most, alphabet }: AttributeRule = ATTRIBUTES[name] ?? { most: LONG };
  if (alphabet && !alphabet.pattern.test(value)) return alphabet.expected;
  return [...value].length <= most ? undefined : `at most ${most} characters (X.520)`;
}

function checkValue(key: string, values: Values, brand: string, problems: ConfigProblem[]): void {
  const fact = values.get(key)!;
  const value = withBrand(fact.value, brand);
  const expected = value === '' ? 'a text, or no such line' : refuseAttribute(baseOf(key), value);
  if (expected) problems.push(problemAt(fact, 'subject', key, expected, { found: value }));
}

/**
 * The value that leaves the least room for a brand, where the brand is too long for it and the longer part of it; a
 * value that is too long by itself is told where it stands.
 */
export function tightestFor(brand: string, subjects: Iterable<Values>): { fact: Fact; room: number } | undefined {
  let tightest: { fact: Fact; room: number } | undefined;
  for (const [key, fact] of [...subjects].flatMap(values => [...values])) {
    const rest = [...withBrand(fact.value, '')].length + (/\{brand\}\s/.test(fact.value) ? 1 : 0);
    const room = (ATTRIBUTES[baseOf(key)]?.most ?? LONG) - rest;
    const isTooLong = fact.value.includes('{brand}') && [...brand].length > Math.max(room, rest);
    if (isTooLong && room < (tightest?.room ?? LONG)) tightest = { fact, room };
  }
  return tightest;
}

/** What is wrong with a text that would reach out of its line, or have openssl or the brand fill something in. */
export const refuseText = (text: string): string | undefined =>
  /[\p{Cc}\u2028\u2029[\]$\\{}]/u.test(text) ? 'no control character and none of [ ] $ \\ { }' : undefined;
