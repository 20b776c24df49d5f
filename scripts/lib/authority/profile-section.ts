// A profile of a CA as its openssl configuration has it: which section a request gets, and what is copied from it.
import { StateError, UsageError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import type { Validity } from '../model/types.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import type { Authority } from './open.ts';
import { validityIn } from './signing-times.ts';

export interface ProfileSection {
  readonly isNameCopied: boolean;
  readonly validity: Validity;
  sectionFor(facts: RequestFacts): string;
  /** Whether openssl copies nothing of the request but its names. */
  isPlain(facts: RequestFacts, section: string): boolean;
}

/** openssl's names of what requests ask for. */
const OPENSSL_NAMES: Readonly<Record<string, string>> = { subjectKeyIdentifier: 'subjectKeyIdentifier' };

/** Of a profile: what RSA keys get of it, or lines of one of its extensions; no profile itself. */
const isForm = (section: string): boolean => /_(rsa|part\d+)$/.test(section);

/** Whether the configuration of a CA has a profile with this name. */
export const hasProfile = (configuration: string, name: string): boolean =>
  readSections(configuration).has(`issued_${name}`);

/** Throws a UsageError where the CA has no such profile. */
export function profileOf({ configuration, stem }: Authority, name: string): ProfileSection {
  const sections = readSections(configuration);
  const usual = sections.get('authority')?.get('x509_extensions') || 'issued';
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
  return {
    validity: validityIn(configuration, section, usual),
    isNameCopied: sections.get('authority')?.get('copy_extensions') === 'copy',
    sectionFor: ({ key }) => (key?.kind === 'rsa' && sections.has(`${section}_rsa`) ? `${section}_rsa` : section),
    isPlain: ({ extensions }, own) =>
      [...extensions.keys()].every(
        key => key === 'subjectAltName' || sections.get(own)?.has(OPENSSL_NAMES[key] ?? key),
      ),
  };
}

/** The profile that gives these purposes, as `clientAuth, 1.2.3`. Throws a StateError where none does. */
export function profileFor({ configuration, stem }: Authority, purposes: string | undefined): string {
  const set = (text = '') =>
    text
      .split(/,\s*/)
      .filter(word => word !== 'critical')
      .sort()
      .join();
  const sections = readSections(configuration);
  const usual = sections.get('authority')?.get('x509_extensions') || 'issued';
  for (const [name, section] of sections)
    if (name.startsWith('issued') && !isForm(name) && set(section.get('extendedKeyUsage')) === set(purposes))
      return name === usual ? '' : name.replace(/^issued_/, '');
  throw new StateError(
    `${stem} has no profile for ${purposes ?? 'any purpose'}`,
    `issue another: trustme-pki issue ${stem} NAME`,
  );
}

/** config(5), as far as our template writes it. */
function readSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split('\n')) {
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    if (section !== undefined) {
      current = new Map();
      sections.set(section.trim(), current);
      continue;
    }
    const [, key, value] = /^\s*([^#=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) current.set(key, value!.trim());
  }
  return sections;
}
