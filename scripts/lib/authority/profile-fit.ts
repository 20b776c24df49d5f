// Which profile of a CA gives what a certificate has: sections of its openssl configuration, in the words of the ini files.
import { StateError } from '../errors.ts';
import { policyName, purposeName } from '../model/extension-values.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { readSections, type Section, type Sections } from '../store/configuration-text.ts';
import type { Authority } from './open.ts';
import { isForm, sectionFor, sectionOf, usualSection } from './profile-section.ts';
import { isAsLong, validityIn } from './signing-times.ts';

/** What a certificate may do. */
const POWERS = ['basicConstraints', 'keyUsage', 'extendedKeyUsage', 'certificatePolicies'];
/** Of these it counts whether they are there. */
const MARKS: Readonly<Record<string, string>> = {
  nameConstraints: 'nameConstraints',
  noCheck: 'ocsp-nocheck',
  tlsfeature: 'must-staple',
};
/** These may have changed since: they are the configuration's of today. */
const URLS = ['caIssuers', 'OCSP', 'crlDistributionPoints'];

const OID = /^\d+(\.\d+)+$/;

/** One spelling of each value, by ini key. */
type Values = ReadonlyMap<string, string>;

/** The profile that gives what a certificate has. Throws a StateError where none does, or several that differ. */
export function profileFor(
  authority: Pick<Authority, 'stem' | 'configuration' | 'certificate'>,
  stem: string,
  facts: CertificateFacts,
): string {
  const { configuration, certificate } = authority;
  const sections = readSections(configuration);
  const usual = usualSection(sections);
  const names = [...sections.keys()].filter(name => name === usual || (name.startsWith('issued_') && !isForm(name)));
  const fitting = names
    .map(name => ({
      name: name === usual ? '' : name.replace(/^issued_/, ''),
      section: sections.get(sectionFor(sections, name, isRsa(facts)))!,
      validity: validityIn(configuration, name, usual),
    }))
    .filter(({ section }) => differences(facts, section, sections).length === 0);
  const isSamePlaces = ({ section }: (typeof fitting)[number]) => isSame(URLS, facts, section, sections);
  const near = fitting.some(isSamePlaces) ? fitting.filter(isSamePlaces) : fitting;
  const end = new Date(certificate.certificate.validTo);
  const long = near.filter(({ validity }) => isAsLong(facts, validity, end));
  const [first] = isOne(near) ? near : long;
  if (first && (isOne(near) || isOne(long))) return first.name;
  throw refusal(authority.stem, stem, facts, near);
}

const isOne = (profiles: readonly object[]): boolean =>
  new Set(profiles.map(profile => JSON.stringify({ ...profile, name: '' }, asText))).size === 1;

const asText = (_: string, value: unknown): unknown => (value instanceof Map ? [...value] : value);

function refusal(
  authority: string,
  stem: string,
  { extensions }: CertificateFacts,
  fitting: readonly { readonly name: string }[],
): StateError {
  const issue = `trustme-pki issue ${authority} NAME`;
  const had = POWERS.flatMap(key => (extensions.has(key) ? [`${key} = ${extensions.get(key)}`] : []));
  if (fitting.length === 0)
    return new StateError(
      `${authority} has no profile that gives what "${stem}" has: ${had.join('; ')}`,
      `give the configuration that it was issued by: --conf FOLDER; or issue another: ${issue} --profile P`,
    );
  const names = fitting.map(({ name }) => (name === '' ? '[issued]' : `[issued ${name}]`)).join(', ');
  return new StateError(
    `several profiles of ${authority} give what "${stem}" has, and its validity tells none of them: ${names}`,
    `issue another: ${issue} --profile P; or sign a request by its key: trustme-pki sign-csr ${authority} REQUEST --profile P --same-key`,
  );
}

/** Ini keys of what a certificate may do that are not as a section gives them; URLs are not among them. */
export function differences(facts: CertificateFacts, section: Section, sections: Sections): string[] {
  const keys = [...POWERS, ...Object.values(MARKS)];
  const wrong = keys.filter(key => !isSame([key], facts, section, sections));
  // Names that openssl knows and we do not, of a template of somebody's own, may stand for any OID.
  const others = [...section.keys()].filter(key => OID.test(key));
  const isForeign = [...section.keys()].some(key => !OID.test(key) && !KNOWN.includes(key));
  const own = [...facts.extensions.keys()].filter(key => OID.test(key));
  const missing = others.filter(key => !own.includes(key));
  return [...wrong, ...missing, ...(isForeign ? [] : own.filter(key => !others.includes(key)))];
}

/** The same by the name of a profile. */
export function unlikeProfile({ configuration, stem }: Authority, name: string, facts: CertificateFacts): string[] {
  const sections = readSections(configuration);
  return differences(
    facts,
    sections.get(sectionFor(sections, sectionOf(sections, stem, name), isRsa(facts)))!,
    sections,
  );
}

const KNOWN = [
  ...[...POWERS, ...Object.keys(MARKS), 'authorityInfoAccess', 'crlDistributionPoints', 'subjectAltName'],
  ...['subjectKeyIdentifier', 'authorityKeyIdentifier'],
];

const isSame = (keys: readonly string[], { extensions }: CertificateFacts, section: Section, sections: Sections) => {
  const [own, given] = [ofCertificate(extensions), ofSection(section, sections)];
  return keys.every(key => own.get(key) === given.get(key));
};

function ofCertificate(extensions: CertificateFacts['extensions']): Values {
  const marks = Object.values(MARKS);
  return new Map([...extensions].map(([key, value]) => [key, marks.includes(key) ? '' : spell(key, items(value))]));
}

function ofSection(section: Section, sections: Sections): Values {
  const values = new Map<string, string>();
  for (const [key, value] of section) {
    const words = items(value);
    if (key === 'authorityInfoAccess')
      for (const method of ['caIssuers', 'OCSP']) {
        const own = words.filter(word => word.startsWith(`${method};`));
        if (own.length > 0) values.set(method, spell(method, own));
      }
    else if (MARKS[key] !== undefined) values.set(MARKS[key], '');
    else values.set(key, spell(key, key === 'certificatePolicies' ? words.map(word => policy(word, sections)) : words));
  }
  return values;
}

/** A policy with a practice statement stands in a section of its own. */
function policy(word: string, sections: Sections): string {
  const section = word.startsWith('@') ? sections.get(word.slice(1)) : undefined;
  const statement = section?.get('CPS.1');
  if (!section) return word;
  return `${section.get('policyIdentifier')}${statement === undefined ? '' : ` CPS:${statement}`}`;
}

/** Those of a list; a backslash is before what belongs to one. */
const items = (value: string): string[] => value.split(/(?<!\\),\s*/).map(word => word.replace(/\\(.)/g, '$1').trim());

const spell = (key: string, words: readonly string[]): string =>
  words
    .map(word => {
      if (key === 'extendedKeyUsage') return purposeName(word);
      if (key === 'certificatePolicies') return policyName(word);
      return URLS.includes(key) ? word.replace(/^(\w+;)?URI:/, '') : word.replace(/^pathlen:0*(?=\d)/, 'pathlen:');
    })
    .sort()
    .join(', ');

const isRsa = ({ keyType, isPssKey }: CertificateFacts): boolean => keyType.startsWith('rsa:') && !isPssKey;
