// The merged facts of one entity into an Entity. Identity (subject, URLs, digest, key type) may come from
// defaults.ini; powers (basicConstraints, usages, days) must stand in the entity's own file.
import type { ConfigProblem } from '../errors.ts';
import type { Fact, Facts } from './ini-text.ts';
import { readKeyType, readPssSalt, readSupplied, readVariableNames } from './key-facts.ts';
import { effective, inherit } from './layers.ts';
import { nearest } from './nearest.ts';
import { CERTIFICATE_KEYS, ISSUED_KEYS, readProfile } from './profile.ts';
import { attributeMeant, isSubjectKey, readSubject, SUBJECT_ATTRIBUTES } from './subject.ts';
import { readTokenKey, TOKEN_KEYS } from './token.ts';
import type { Entity, Profile, Scheme, Variable } from './types.ts';
import {
  type KnownKeys,
  placeOf,
  problemAt,
  readChoice,
  readDays,
  readNumber,
  refuseUnknown,
  type Values,
  words,
} from './values.ts';

const DIGESTS = ['sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-384', 'sha3-512'];
const VARIABLE_NAMES = ['PK', 'KEK', 'db'];
/** RFC 5280 4.1.2.2 allows 20 octets; the CA/Browser Forum asks for 64 random bits. */
const SERIAL_OCTETS = [8, 20] as const;

/** Keys that defaults.ini and an entity file may have before their first section. */
export const INHERITED_KEYS = [
  ...['digest', 'key-type', 'crl-days', 'serial-octets', 'pss-salt', 'authority-key-identifier', 'outliving'],
];
export const TOP_KEYS = [
  ...['issuer', 'scheme', 'key-of', 'certificate-file', 'key-file', 'passphrase-env', 'bundle', 'text', 'urls'],
  ...INHERITED_KEYS,
  'remove',
];
export const SUBJECT_KEYS: KnownKeys = {
  names: [...SUBJECT_ATTRIBUTES, 'order'],
  isKey: isSubjectKey,
  others: 'an OID',
  meantBy: attributeMeant,
};

/** Which keys each section of an entity file may have. */
export const ENTITY_SECTIONS: Readonly<Record<string, KnownKeys>> = {
  '': { names: TOP_KEYS },
  subject: SUBJECT_KEYS,
  certificate: CERTIFICATE_KEYS,
  issued: ISSUED_KEYS,
  'issued *': ISSUED_KEYS,
  variable: { names: ['name', 'contains', 'authoriser'] },
  key: TOKEN_KEYS,
};

/** What of defaults.ini an entity inherits, and what the command line said. */
export interface Inheritance {
  readonly top: Values;
  readonly subject: Values;
  readonly urls: ReadonlyMap<string, Values>;
  readonly brand: string;
  /** The key type of --key-type, stronger than all files. */
  readonly keyType: Fact | undefined;
}

export interface EntitySource {
  readonly stem: string;
  readonly group: string;
  readonly file: string;
  readonly facts: Facts;
}

/** Makes an Entity; mistakes are added to `problems`, and the result is then not to be used. */
export function parseEntity(source: EntitySource, inherited: Inheritance, problems: ConfigProblem[]): Entity {
  const { stem, group, file, facts } = source;
  refuseUnknown(ENTITY_SECTIONS, facts, file, problems);
  const top = topFacts(facts, inherited);
  const keyType = readKeyType(top, problems) ?? { kind: 'rsa', bits: 4096 };
  const scheme = (readChoice(top, 'scheme', ['rsa', 'rsa-pss'], problems) ?? 'rsa') as Scheme;
  const issuer = top.get('issuer')?.value ?? stem;
  const sections = effectiveSections(facts, top, inherited, readUrls(top, inherited, problems));
  const isRsaEncryption = keyType.kind === 'rsa' && scheme === 'rsa';
  const variable = sections.get('variable');
  return {
    stem,
    group,
    file,
    facts: sections,
    issuer,
    scheme,
    keyType,
    digest: readChoice(top, 'digest', DIGESTS, problems) ?? 'sha256',
    pssSalt: readPssSalt(top, problems),
    serialOctets: readNumber(top, 'serial-octets', SERIAL_OCTETS, problems) ?? SERIAL_OCTETS[1],
    passphraseVariables: readVariableNames(top, problems),
    keyOf: top.get('key-of')?.value ?? stem,
    token: readTokenKey(sections.get('key'), file, problems),
    supplied: readSupplied(top, problems),
    bundle: words(top.get('bundle')?.value),
    hasText: readChoice(top, 'text', ['yes'], problems) === 'yes',
    subject: readSubject(facts, inherited.subject, inherited.brand, file, problems),
    ...readProfiles(source, sections, inherited, { issuer, isRsaEncryption }, problems),
    isNamedByKey: readChoice(top, 'authority-key-identifier', ['issuer', 'keyid'], problems) === 'keyid',
    isClipped: readChoice(top, 'outliving', ['refuse', 'clip'], problems) === 'clip',
    crlDays: readDays(top, '', 'crl-days', problems) ?? 30,
    variable: variable && readVariable(variable, file, problems),
  };
}

function topFacts(facts: Facts, { top, keyType }: Inheritance): Map<string, Fact> {
  const merged = inherit(top, effective(facts.get('')));
  if (keyType) merged.set('key-type', { ...keyType, overrode: merged.get('key-type') });
  return merged;
}

/** What holds in each section, inherited facts with it; a section that a stronger layer emptied is not there. */
function effectiveSections(
  facts: Facts,
  top: Map<string, Fact>,
  inherited: Inheritance,
  urls: Values,
): Map<string, Map<string, Fact>> {
  const sections = new Map([['', top]]);
  for (const [name, section] of facts) {
    if (name === '') continue;
    const weaker: Values = name === 'subject' ? inherited.subject : isProfile(name) ? urls : new Map();
    const own = effective(section);
    if (own.size > 0 || name === 'certificate') sections.set(name, effective(inherit(weaker, section)));
  }
  return sections;
}

const isProfile = (section: string): boolean => /^(certificate|issued( .*)?)$/.test(section);

function readProfiles(
  { stem, file, facts }: EntitySource,
  sections: Facts,
  inherited: Inheritance,
  key: { issuer: string; isRsaEncryption: boolean },
  problems: ConfigProblem[],
): Pick<Entity, 'isCa' | 'certificate' | 'issued'> {
  const urls = inherited.urls.get(sections.get('')?.get('urls')?.value ?? '') ?? new Map();
  const own = { isSelfSigned: key.issuer === stem, isRsaEncryption: key.isRsaEncryption };
  const contextOf = (section: string) => ({ file, ...own, urls, problems, section, written: facts.get(section) });
  const certificate = readProfile(sections.get('certificate') ?? new Map(), contextOf('certificate'));
  const issued = new Map<string, Profile>();
  for (const [section, values] of sections) {
    const name = /^issued ?(.*)$/.exec(section)?.[1];
    if (name === undefined) continue;
    const place = { ...placeOf(facts.get(section), file), section };
    if (!/^([A-Za-z][A-Za-z0-9-]*)?$/.test(name) || /^(rsa|part\d+)$/.test(name))
      problems.push({ ...place, expected: 'a profile name of letters, digits and "-", other than "rsa" and "part1"' });
    if (!certificate.isCa)
      problems.push({ ...place, expected: 'no such section where basicConstraints of [certificate] says CA:FALSE' });
    // What a CA issues goes to keys that are not known yet: the safe form, without keyEncipherment, is the normal one.
    issued.set(name, readProfile(values, { ...contextOf(section), isSelfSigned: false, isRsaEncryption: false }));
  }
  return { isCa: certificate.isCa, certificate, issued };
}

function readUrls(top: Values, inherited: Inheritance, problems: ConfigProblem[]): Values {
  const fact = top.get('urls');
  if (!fact) return new Map();
  const urls = inherited.urls.get(fact.value);
  if (!urls)
    problems.push(
      problemAt(fact, '', 'urls', 'the NAME of a [urls NAME] section of defaults.ini', {
        nearest: nearest(fact.value, inherited.urls.keys()),
      }),
    );
  return urls ?? new Map();
}

function readVariable(values: Values, file: string, problems: ConfigProblem[]): Variable {
  for (const key of ENTITY_SECTIONS.variable!.names)
    if (!values.has(key)) problems.push({ file, section: 'variable', key, expected: 'a value' });
  const name = values.get('name');
  if (name && !VARIABLE_NAMES.includes(name.value))
    problems.push(
      problemAt(name, 'variable', 'name', 'PK, KEK or db', { nearest: nearest(name.value, VARIABLE_NAMES) }),
    );
  return {
    name: name?.value as Variable['name'],
    contains: words(values.get('contains')?.value),
    authoriser: values.get('authoriser')?.value ?? '',
  };
}
