// The vocabulary of certificate extensions: from the ini keys of a [certificate] or [issued] section, spelled as in
// RFC 5280, to lines of openssl's x509v3 configuration. Order here is the order in the certificate.
import {
  basicConstraints,
  type Check,
  certificatePolicies,
  EXTENDED_KEY_USAGES,
  KEY_USAGES,
  listWords,
  nameConstraints,
  POLICY,
  type Refusal,
  subjectAltName,
  urls,
  usages,
  yes,
} from './extension-values.ts';
import { rawValue } from './raw-extension.ts';
import type { ConfigurationSection, Extension } from './types.ts';
import { OID, words } from './values.ts';

/** Each ini key that makes an extension: its object identifier, and what its value must be. */
interface Rule {
  readonly oid: string;
  readonly check: Check;
}

const RULES: Readonly<Record<string, Rule>> = {
  basicConstraints: { oid: '2.5.29.19', check: basicConstraints },
  keyUsage: { oid: '2.5.29.15', check: usages(KEY_USAGES, false) },
  extendedKeyUsage: { oid: '2.5.29.37', check: usages(EXTENDED_KEY_USAGES, true) },
  subjectAltName: { oid: '2.5.29.17', check: subjectAltName },
  certificatePolicies: { oid: '2.5.29.32', check: certificatePolicies },
  nameConstraints: { oid: '2.5.29.30', check: nameConstraints },
  'ocsp-nocheck': { oid: '1.3.6.1.5.5.7.48.1.5', check: yes },
  'must-staple': { oid: '1.3.6.1.5.5.7.1.24', check: yes },
  caIssuers: { oid: '1.3.6.1.5.5.7.1.1', check: urls },
  OCSP: { oid: '1.3.6.1.5.5.7.1.1', check: urls },
  crlDistributionPoints: { oid: '2.5.29.31', check: urls },
};

/** Extensions that are made from the keys themselves. */
const IDENTIFIERS: Readonly<Record<string, string>> = {
  '2.5.29.14': 'none: subjectKeyIdentifier is always made',
  '2.5.29.35': 'none: authorityKeyIdentifier is always made',
};

/** subjectDirectoryAttributes, freshestCRL, subjectInfoAccess: RFC 5280 4.2.1.8, 4.2.1.15, 4.2.2.2. */
const NEVER_CRITICAL = ['2.5.29.9', '2.5.29.46', '1.3.6.1.5.5.7.1.11'];

const URL_KEYS: readonly string[] = ['caIssuers', 'OCSP', 'crlDistributionPoints'];

/** All ini keys with a name that make an extension; OIDs are keys too. */
export const EXTENSION_KEYS: readonly string[] = Object.keys(RULES);

export const isOid = (key: string): boolean => OID.test(key);

/** What is wrong with an extension key or its value; undefined if it can be used. */
export function refuseExtension(key: string, value: string): Refusal | undefined {
  if (isOid(key)) return refuseRaw(key, value);
  return Object.hasOwn(RULES, key) ? RULES[key]!.check(value) : undefined;
}

function refuseRaw(oid: string, value: string): Refusal | undefined {
  const [named] = Object.entries(RULES).find(([, rule]) => rule.oid === oid) ?? [];
  if (named) return { expected: `the key "${named}", which makes this extension`, found: oid };
  if (IDENTIFIERS[oid]) return { expected: IDENTIFIERS[oid], found: oid };
  if (NEVER_CRITICAL.includes(oid) && listWords(value).isCritical)
    return { expected: 'no "critical" (RFC 5280 forbids it for this extension)', found: 'critical' };
  return rawValue(value);
}

/** Whether a basicConstraints value makes a CA (RFC 5280 4.2.1.9). */
export const makesCa = (basicConstraints: string | undefined): boolean => /\bCA:TRUE\b/.test(basicConstraints ?? '');

/** How many CAs may follow below this one; undefined: any number. */
export function pathLength(basicConstraints: string | undefined): number | undefined {
  const digits = /pathlen:(\d+)/.exec(basicConstraints ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Extension lines, and the sections that they refer to. */
export interface BuiltExtensions {
  readonly extensions: Extension[];
  readonly sections: ConfigurationSection[];
}

/**
 * The extension lines of a profile for an issuer that is not the subject itself, or that is.
 * `values` maps ini keys to checked values; keyEncipherment stays only where `isRsaEncryption`.
 * `section` is where the lines stand; sections of their own are named after it.
 */
export function buildExtensions(
  values: ReadonlyMap<string, string>,
  section: string,
  isSelfSigned: boolean,
  isRsaEncryption: boolean,
): BuiltExtensions {
  const sections: ConfigurationSection[] = [];
  const addSection = (lines: readonly Extension[]): string => {
    const name = `${section}_part${sections.length + 1}`;
    sections.push({ name, lines });
    return name;
  };
  const authority = authorityKeyIdentifier(values, isSelfSigned);
  const usage = values.get('keyUsage');
  const lines = [
    { name: 'subjectKeyIdentifier', value: 'hash' },
    { name: 'authorityKeyIdentifier', value: authority },
    { name: 'basicConstraints', value: values.get('basicConstraints') },
    { name: 'keyUsage', value: usage },
    { name: 'extendedKeyUsage', value: values.get('extendedKeyUsage') },
    { name: 'subjectAltName', value: values.get('subjectAltName')?.replace(/(^|, *)UPN:/g, '$1otherName:msUPN;UTF8:') },
    { name: 'certificatePolicies', value: policies(values.get('certificatePolicies'), addSection) },
    { name: 'nameConstraints', value: constraints(values.get('nameConstraints'), addSection) },
    { name: 'noCheck', value: values.has('ocsp-nocheck') ? 'ignored' : undefined },
    { name: 'tlsfeature', value: values.has('must-staple') ? 'status_request' : undefined },
    { name: 'authorityInfoAccess', value: access(values) },
    { name: 'crlDistributionPoints', value: points(values.get('crlDistributionPoints')) },
    // Without FORMAT, openssl takes the bytes of UTF-8 for Latin-1.
    ...[...values]
      .filter(([key]) => isOid(key))
      .map(([name, value]) => ({ name, value: value.replace('ASN1:UTF8String:', 'ASN1:FORMAT:UTF8,UTF8String:') })),
  ];
  const extensions = lines.filter((line): line is Extension => Boolean(line.value));
  return { extensions: isRsaEncryption ? extensions : withoutEncipherment(extensions), sections };
}

/** Extension lines for a key that is no rsaEncryption one. */
export const withoutEncipherment = (lines: readonly Extension[]): Extension[] =>
  lines
    .map(line => (line.name === 'keyUsage' ? { ...line, value: withoutKeyEncipherment(line.value) } : line))
    .filter(({ value }) => value !== '');

/** Roots carry none, as in the reference; keys of UEFI variables, which name no URLs, carry the plain form. */
function authorityKeyIdentifier(values: ReadonlyMap<string, string>, isSelfSigned: boolean): string | undefined {
  if (!isSelfSigned) return 'keyid:always, issuer:always';
  return URL_KEYS.some(key => values.has(key)) ? undefined : 'keyid:always';
}

function withoutKeyEncipherment(value: string): string {
  const { isCritical, words } = listWords(value);
  const kept = words.filter(word => word !== 'keyEncipherment');
  return kept.length === 0 ? '' : [...(isCritical ? ['critical'] : []), ...kept].join(', ');
}

type AddSection = (lines: readonly Extension[]) => string;

/** A policy with a practice statement stands in a section of its own (x509v3_config(5)). */
function policies(value: string | undefined, addSection: AddSection): string | undefined {
  return value?.replace(/[^,]*[^,\s]/g, item => {
    const [, policy, url] = POLICY.exec(item.trim()) ?? [];
    if (url === undefined) return item;
    const name = addSection([
      { name: 'policyIdentifier', value: policy! },
      { name: 'CPS.1', value: url },
    ]);
    return `${/^\s*/.exec(item)![0]}@${name}`;
  });
}

/** A directory name stands in a section of its own. */
function constraints(value: string | undefined, addSection: AddSection): string | undefined {
  return value?.replace(/dirName:((?:\/[^/,]+)+)/g, (_, name: string) => {
    const attributes = name.slice(1).split('/');
    const lines = attributes.map((text, i) => {
      const [attribute = '', content = ''] = text.split('=');
      return { name: `${i}.${attribute}`, value: content.trim() };
    });
    return `dirName:${addSection(lines)}`;
  });
}

function access(values: ReadonlyMap<string, string>): string {
  return ['caIssuers', 'OCSP']
    .flatMap(method => words(values.get(method)).map(url => `${method};URI:${url}`))
    .join(', ');
}

const points = (value: string | undefined): string =>
  words(value)
    .map(url => `URI:${url}`)
    .join(', ');
