// The vocabulary of certificate extensions: from the ini keys of a [certificate] or [issued] section, spelled as in
// RFC 5280, to lines of openssl's x509v3 configuration. Order here is the order in the certificate.
import type { Extension } from './types.ts';

export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export const EXTENDED_KEY_USAGES = [
  'serverAuth',
  'clientAuth',
  'codeSigning',
  'emailProtection',
  'timeStamping',
  'OCSPSigning',
] as const;

const OID = /^[0-2](\.(0|[1-9][0-9]*)){2,}$/;

/** Splits `critical, a, b` into its words. */
export function listWords(value: string): { isCritical: boolean; words: string[] } {
  const words = value.split(',').map(word => word.trim());
  const isCritical = words[0] === 'critical';
  return { isCritical, words: isCritical ? words.slice(1) : words };
}

/** A value that cannot be used: what was expected, and the names that would do. */
export interface Refusal {
  readonly expected: string;
  readonly found?: string;
  readonly names?: readonly string[];
}

/** Each ini key that makes an extension: openssl's name for it and what its value must be. */
interface Rule {
  readonly openssl: string;
  readonly refuse: (value: string) => Refusal | undefined;
}

const RULES: Readonly<Record<string, Rule>> = {
  basicConstraints: { openssl: 'basicConstraints', refuse: refuseBasicConstraints },
  keyUsage: { openssl: 'keyUsage', refuse: value => refuseWords(value, KEY_USAGES, false) },
  extendedKeyUsage: { openssl: 'extendedKeyUsage', refuse: value => refuseWords(value, EXTENDED_KEY_USAGES, true) },
  subjectAltName: { openssl: 'subjectAltName', refuse: refuseNames },
};

/** Keys of the two extensions that are built from several ini keys: openssl's accessMethod names and CRL points. */
const URL_KEYS = ['caIssuers', 'OCSP', 'crlDistributionPoints'] as const;

/** All ini keys that make an extension. */
export const EXTENSION_KEYS: readonly string[] = [...Object.keys(RULES), 'ocsp-nocheck', ...URL_KEYS];

/** What is wrong with the value of an extension key; undefined if it can be used. */
export function refuseExtension(key: string, value: string): Refusal | undefined {
  if (key === 'ocsp-nocheck') return value === 'yes' ? undefined : { expected: '"yes", or no such line' };
  if ((URL_KEYS as readonly string[]).includes(key))
    return /^(https?|ldap|ftp|file):\/\/[^\s,;]+$/.test(value)
      ? undefined
      : { expected: 'a URL without blanks, commas and semicolons' };
  return Object.hasOwn(RULES, key) ? RULES[key]!.refuse(value) : undefined;
}

function refuseBasicConstraints(value: string): Refusal | undefined {
  return /^(critical, ?)?CA:(FALSE|TRUE(, ?pathlen:[0-9]{1,3})?)$/.test(value)
    ? undefined
    : { expected: '"critical, CA:TRUE", "critical, CA:TRUE, pathlen:0" or "critical, CA:FALSE"' };
}

function refuseWords(value: string, names: readonly string[], isOidAllowed: boolean): Refusal | undefined {
  const { words } = listWords(value);
  const wrong = words.find(word => !names.includes(word) && !(isOidAllowed && OID.test(word)));
  if (wrong !== undefined)
    return { expected: `of ${names.join(', ')}${isOidAllowed ? ', or an OID' : ''}`, found: wrong, names };
  const twice = words.find((word, i) => words.indexOf(word) !== i);
  return twice === undefined ? undefined : { expected: 'each word once', found: twice };
}

function refuseNames(value: string): Refusal | undefined {
  const wrong = listWords(value).words.find(word => !/^(DNS|IP|URI|email|RID):\S+$/.test(word));
  return wrong === undefined
    ? undefined
    : { expected: 'DNS:…, IP:…, URI:… or email:…, parted by commas', found: wrong };
}

/** Whether a basicConstraints value makes a CA (RFC 5280 4.2.1.9). */
export const makesCa = (basicConstraints: string | undefined): boolean => /\bCA:TRUE\b/.test(basicConstraints ?? '');

/**
 * The extension lines of a profile for an issuer that is not the subject itself, or that is.
 * `values` maps ini keys to checked values; keyEncipherment stays only where `isRsaEncryption`.
 */
export function buildExtensions(
  values: ReadonlyMap<string, string>,
  isSelfSigned: boolean,
  isRsaEncryption: boolean,
): Extension[] {
  const lines: Extension[] = [{ name: 'subjectKeyIdentifier', value: 'hash' }];
  const authority = authorityKeyIdentifier(values, isSelfSigned);
  if (authority) lines.push({ name: 'authorityKeyIdentifier', value: authority });
  for (const [key, rule] of Object.entries(RULES)) {
    const value = values.get(key);
    const kept = key === 'keyUsage' && value !== undefined && !isRsaEncryption ? withoutKeyEncipherment(value) : value;
    if (kept) lines.push({ name: rule.openssl, value: kept });
  }
  if (values.has('ocsp-nocheck')) lines.push({ name: 'noCheck', value: 'ignored' });
  const access = ['caIssuers', 'OCSP'].flatMap(method =>
    values.has(method) ? [`${method};URI:${values.get(method)}`] : [],
  );
  if (access.length > 0) lines.push({ name: 'authorityInfoAccess', value: access.join(', ') });
  const crl = values.get('crlDistributionPoints');
  if (crl) lines.push({ name: 'crlDistributionPoints', value: `URI:${crl}` });
  return lines;
}

/** Roots carry none, as in the reference; keys of UEFI variables, which name no URLs, carry the plain form. */
function authorityKeyIdentifier(values: ReadonlyMap<string, string>, isSelfSigned: boolean): string | undefined {
  if (!isSelfSigned) return 'keyid:always, issuer:always';
  return URL_KEYS.some(key => values.has(key)) ? undefined : 'keyid:always';
}

function withoutKeyEncipherment(value: string): string | undefined {
  const { isCritical, words } = listWords(value);
  const kept = words.filter(word => word !== 'keyEncipherment');
  return kept.length === 0 ? undefined : [...(isCritical ? ['critical'] : []), ...kept].join(', ');
}
