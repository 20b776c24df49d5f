// The merged facts of one entity into an Entity. Identity (subject, URLs, digest, key type) may come from
// defaults.ini; powers (basicConstraints, usages, days) must stand in the entity's own file.
import { type ConfigProblem, PkiError } from '../errors.ts';
import { makesCa } from './extensions.ts';
import type { Facts } from './ini-text.ts';
import { parseKeyType } from './key-type.ts';
import { effective } from './layers.ts';
import { nearest } from './nearest.ts';
import { PROFILE_KEYS, readProfile } from './profile.ts';
import { readSubject, SUBJECT_ATTRIBUTES } from './subject.ts';
import type { Entity, KeyType, Scheme, Variable } from './types.ts';
import { problemAt, readChoice, readDays, refuseUnknown, type Values, words } from './values.ts';

const DIGESTS = ['sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-384', 'sha3-512'];
const VARIABLE_NAMES = ['PK', 'KEK', 'db'];

/** Which keys each section of an entity file may have. */
const ENTITY_SECTIONS: Readonly<Record<string, readonly string[]>> = {
  '': ['issuer', 'scheme', 'digest', 'key-type', 'passphrase-env', 'bundle', 'text', 'urls', 'crl-days'],
  subject: SUBJECT_ATTRIBUTES,
  certificate: PROFILE_KEYS,
  issued: [...PROFILE_KEYS, 'copy'],
  variable: ['name', 'contains', 'authoriser'],
};

/** What of defaults.ini an entity inherits, and what the command line said. */
export interface Inheritance {
  readonly top: Values;
  readonly subject: Values;
  readonly urls: ReadonlyMap<string, Values>;
  readonly brand: string;
  /** The key type of --key-type, stronger than all files. */
  readonly keyType: KeyType | undefined;
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
  const top: Values = new Map([...inherited.top, ...effective(facts.get(''))]);
  const keyType = inherited.keyType ?? readKeyType(top, problems) ?? { kind: 'rsa', bits: 4096 };
  const scheme = (readChoice(top, 'scheme', ['rsa', 'rsa-pss'], problems) ?? 'rsa') as Scheme;
  const issuer = top.get('issuer')?.value ?? stem;
  return {
    stem,
    group,
    file,
    references: new Map([...top, ...(facts.get('variable') ?? [])]),
    issuer,
    scheme,
    keyType,
    digest: readChoice(top, 'digest', DIGESTS, problems) ?? 'sha256',
    passphraseVariables: readVariableNames(top, problems),
    bundle: words(top.get('bundle')?.value),
    hasText: readChoice(top, 'text', ['yes'], problems) === 'yes',
    subject: readSubject(facts, inherited.subject, inherited.brand, file, problems),
    ...readProfiles(
      source,
      readUrls(top, inherited, problems),
      { issuer, isRsaEncryption: keyType.kind === 'rsa' && scheme === 'rsa' },
      problems,
    ),
    crlDays: readDays(top, '', 'crl-days', problems) ?? 30,
    variable: facts.has('variable') ? readVariable(effective(facts.get('variable')), file, problems) : undefined,
  };
}

function readProfiles(
  { stem, file, facts }: EntitySource,
  urls: Values,
  key: { issuer: string; isRsaEncryption: boolean },
  problems: ConfigProblem[],
) {
  const factsOf = (section: string): Values => effective(new Map([...urls, ...(facts.get(section) ?? [])]));
  const certificate = factsOf('certificate');
  const context = { file, isSelfSigned: key.issuer === stem, isRsaEncryption: key.isRsaEncryption, urls, problems };
  // What a CA issues goes to keys that are not known yet: the safe form, without keyEncipherment, is the normal one.
  const issuedContext = { ...context, section: 'issued', isSelfSigned: false, isRsaEncryption: false };
  return {
    isCa: makesCa(certificate.get('basicConstraints')?.value),
    certificate: readProfile(certificate, { ...context, section: 'certificate' }),
    issued: facts.has('issued') ? readProfile(factsOf('issued'), issuedContext) : undefined,
  };
}

function readKeyType(top: Values, problems: ConfigProblem[]): KeyType | undefined {
  const fact = top.get('key-type');
  if (!fact) return undefined;
  try {
    return parseKeyType(fact.value);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    problems.push(problemAt(fact, '', 'key-type', error.hint ?? error.message));
    return undefined;
  }
}

function readVariableNames(top: Values, problems: ConfigProblem[]): string[] {
  const fact = top.get('passphrase-env');
  const names = words(fact?.value);
  const wrong = names.find(name => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (fact && wrong !== undefined)
    problems.push(problemAt(fact, '', 'passphrase-env', 'names of environment variables', { found: wrong }));
  return names;
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
  for (const key of ['name', 'contains', 'authoriser'])
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
