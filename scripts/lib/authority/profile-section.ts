// A profile of a CA as its openssl configuration has it: which section a request gets, and what is copied from it.
import { UsageError } from '../errors.ts';
import { makesCa } from '../model/extensions.ts';
import { nearest } from '../model/nearest.ts';
import type { Validity } from '../model/types.ts';
import { copyingSections, readSections, type Sections } from '../store/configuration-text.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import type { Authority } from './open.ts';
import { validityIn } from './signing-times.ts';

export interface ProfileSection {
  readonly isNameCopied: boolean;
  /** Whether its certificates are those of CAs. */
  readonly makesAuthorities: boolean;
  readonly validity: Validity;
  /** Its extendedKeyUsage; undefined: it has none, or lines of its own for it. */
  readonly purposes: string | undefined;
  sectionFor(facts: RequestFacts): string;
  /** Whether openssl copies nothing of the request but its names. */
  isPlain(facts: RequestFacts, section: string): boolean;
}

/** openssl's names of what requests ask for. */
const OPENSSL_NAMES: Readonly<Record<string, string>> = { subjectKeyIdentifier: 'subjectKeyIdentifier' };

/** Of a profile: what RSA keys get of it, or lines of one of its extensions; no profile itself. */
export const isForm = (section: string): boolean => /_(rsa|part\d+)$/.test(section);

/** Whether the configuration of a CA has a profile with this name. */
export const hasProfile = (configuration: string, name: string): boolean =>
  readSections(configuration).has(`issued_${name}`);

/** The section of the profile that needs no name. */
export const usualSection = (sections: Sections): string =>
  sections.get('authority')?.get('x509_extensions') || 'issued';

/** Throws a UsageError where the CA `stem` has no such profile. */
export function sectionOf(sections: Sections, stem: string, name: string): string {
  const usual = usualSection(sections);
  const section = name === '' ? usual : `issued_${name}`;
  if (!sections.has(section) || (name !== '' && isForm(section))) {
    const others = [...sections.keys()].flatMap(each => (isForm(each) ? [] : (/^issued_(.+)$/.exec(each)?.[1] ?? [])));
    if (others.length === 0 && !sections.has(usual))
      throw new UsageError(
        `${stem} issues nothing to requests: its configuration has no profile`,
        `add a section [issued] to ${stem}.ini, and give its folder: --conf FOLDER`,
      );
    const close = nearest(name, others);
    throw new UsageError(
      `${stem} has no profile "${name}"`,
      close ? `did you mean "${close}"?` : `its profiles: ${others.join(', ') || 'the one without a name'}`,
    );
  }
  return section;
}

/** Throws a UsageError where the CA has no such profile. */
export function profileOf({ configuration, stem }: Authority, name: string): ProfileSection {
  const sections = readSections(configuration);
  const section = sectionOf(sections, stem, name);
  return {
    validity: validityIn(configuration, section, usualSection(sections)),
    purposes: sections.get(section)?.get('extendedKeyUsage'),
    isNameCopied:
      copyingSections(configuration)?.includes(section) ?? sections.get('authority')?.get('copy_extensions') === 'copy',
    makesAuthorities: makesCa(sections.get(section)?.get('basicConstraints')),
    sectionFor: ({ key }) => sectionFor(sections, section, key?.kind === 'rsa'),
    isPlain: ({ extensions }, own) =>
      [...extensions.keys()].every(
        key => key === 'subjectAltName' || sections.get(own)?.has(OPENSSL_NAMES[key] ?? key),
      ),
  };
}

/** What of a profile a key gets: RSA keys may have a form of their own. */
export const sectionFor = (sections: Sections, section: string, isRsa: boolean): string =>
  isRsa && sections.has(`${section}_rsa`) ? `${section}_rsa` : section;
