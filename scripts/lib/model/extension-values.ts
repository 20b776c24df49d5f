// What the values of extension keys must be: each check tells what was expected, and of which part of the value.
import { refuseAttribute, SHORT_NAMES, SUBJECT_ATTRIBUTES } from './subject.ts';
import { OID, words } from './values.ts';

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

/** Names that every OpenSSL 3 knows, in the order in which they are offered. */
const PURPOSES: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
  ipsecIKE: '1.3.6.1.5.5.7.3.17',
  msCodeInd: '1.3.6.1.4.1.311.2.1.21',
  msCodeCom: '1.3.6.1.4.1.311.2.1.22',
  msCTLSign: '1.3.6.1.4.1.311.10.3.1',
  msEFS: '1.3.6.1.4.1.311.10.3.4',
  msSmartcardLogin: '1.3.6.1.4.1.311.20.2.2',
  msSGC: '1.3.6.1.4.1.311.10.3.3',
  pkInitClientAuth: '1.3.6.1.5.2.3.4',
  pkInitKDC: '1.3.6.1.5.2.3.5',
};
export const EXTENDED_KEY_USAGES: readonly string[] = Object.keys(PURPOSES);
const PURPOSE_NAMES = new Map(Object.entries(PURPOSES).map(([name, oid]) => [oid, name]));

/** The name of a purpose that may be given by its OID. */
export const purposeName = (word: string): string => PURPOSE_NAMES.get(word) ?? word;

const ANY_POLICY = '2.5.29.32.0';
/** A policy, with or without its address, that may be given by its OID. */
export const policyName = (policy: string): string =>
  policy.split(' ')[0] === ANY_POLICY ? policy.replace(ANY_POLICY, 'anyPolicy') : policy;

/** A value that cannot be used: what was expected, and the names that would do. */
export interface Refusal {
  readonly expected: string;
  readonly found?: string;
  readonly names?: readonly string[];
}

export type Check = (value: string) => Refusal | undefined;

/** Splits `critical, a, b` into its words. */
export function listWords(value: string): { isCritical: boolean; words: string[] } {
  const words = value.split(',').map(word => word.trim());
  const isCritical = words[0] === 'critical';
  return { isCritical, words: isCritical ? words.slice(1) : words };
}

/** A list whose items each pass `isItem`; "critical" alone is none. */
const listOf =
  (isItem: (word: string) => boolean, expected: string): Check =>
  value => {
    const { words } = listWords(value);
    const wrong = words.length === 0 ? value : words.find(word => !isItem(word));
    return wrong === undefined ? undefined : { expected, found: wrong };
  };

export const basicConstraints: Check = value =>
  /^(critical, ?)?CA:(FALSE|TRUE(, ?pathlen:[0-9]{1,3})?)$/.test(value)
    ? undefined
    : { expected: '"critical, CA:TRUE", "critical, CA:TRUE, pathlen:0" or "critical, CA:FALSE"' };

export const usages =
  (names: readonly string[], isOidAllowed: boolean): Check =>
  value => {
    const { words } = listWords(value);
    const isUsage = (word: string) => names.includes(word) || (isOidAllowed && OID.test(word));
    const wrong = words.length === 0 ? value : words.find(word => !isUsage(word));
    if (wrong !== undefined)
      return { expected: `one of ${names.join(', ')}${isOidAllowed ? ', or an OID' : ''}`, found: wrong, names };
    const named = words.map(purposeName);
    const twice = words.find((_, i) => named.indexOf(named[i]!) !== i);
    return twice === undefined ? undefined : { expected: 'each word once', found: twice };
  };

const isDns = (name: string): boolean =>
  name.length <= 253 && /^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}$/.test(name);
const isIpv4 = (text: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(text) && text === hostOf(text);
const isIpv6 = (text: string): boolean => text.includes(':') && hostOf(`[${text}]`) !== undefined;
// What stands in an IA5String is ASCII, and openssl would take the bytes of UTF-8 for Latin-1 elsewhere.
const isMail = (text: string): boolean => /^[!-~]+$/.test(text) && /^[^@:;]+@[A-Za-z0-9.-]+$/.test(text);
/** openssl ends a URL at a comma, and that of a list at a semicolon, too. */
const COMMAS = 'commas in them as %2C';
const ENCODED = `${COMMAS}, semicolons as %3B`;
export const isUrl = (text: string): boolean =>
  /^(https?|ldap|ftp|file):\/\/[!-~]+$/.test(text) && /^[^,;]+$/.test(text) && URL.canParse(text);

/** What the URL standard makes of a host; undefined where it is none. */
function hostOf(host: string): string | undefined {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined;
}

/** Kinds of subjectAltName, as openssl names them, and UPN: Microsoft's user principal name. */
const NAME_KINDS: Readonly<Record<string, (value: string) => boolean>> = {
  DNS: isDns,
  IP: value => isIpv4(value) || isIpv6(value),
  URI: value => /^[!-~]+$/.test(value) && URL.canParse(value),
  email: isMail,
  UPN: isMail,
  RID: value => OID.test(value),
};

/** Whether a word such as `DNS:example.org` is a name of subjectAltName; words of openssl, as `email:copy`, are none. */
export const isName = (word: string): boolean => {
  const [, kind = '', value = ''] = /^([A-Za-z]+):(.+)$/.exec(word) ?? [];
  return Object.hasOwn(NAME_KINDS, kind) && NAME_KINDS[kind]!(value);
};

export const subjectAltName: Check = value => {
  const names = 'DNS:host, IP:address, URI:…, email:a@b, UPN:a@b or RID:oid, in ASCII (punycode), separated by commas';
  return listOf(isName, value.includes('URI:') ? `${names}; URIs with ${COMMAS}` : names)(value);
};

/** `C=DE`. openssl reads such names as Latin-1, whatever its configuration says: ASCII alone is safe. */
function isAttribute(text: string): boolean {
  const [, name = '', value = ''] = /^([A-Za-z]+)=([ -~]+)$/.exec(text) ?? [];
  const long = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name]! : name;
  return SUBJECT_ATTRIBUTES.includes(long) && refuseAttribute(long, value.trim()) === undefined && value.trim() !== '';
}

/** RFC 5280 4.2.1.10: address and mask; a leading point means all hosts below. */
const CONSTRAINT_KINDS: Readonly<Record<string, (value: string) => boolean>> = {
  DNS: value => isDns(value.replace(/^\./, '')),
  email: value => isMail(value) || isDns(value.replace(/^\./, '')),
  URI: value => isDns(value.replace(/^\./, '')),
  IP: value => {
    const [address = '', mask = '', ...rest] = value.split('/');
    return rest.length === 0 && ((isIpv4(address) && isIpv4(mask)) || (isIpv6(address) && isIpv6(mask)));
  },
  dirName: value => /^(\/[A-Za-z]+=[^/=]+)+$/.test(value) && value.slice(1).split('/').every(isAttribute),
};

const isConstraint = (word: string): boolean => {
  const [, kind = '', value = ''] = /^(?:permitted|excluded);([A-Za-z]+):(.+)$/.exec(word) ?? [];
  return Object.hasOwn(CONSTRAINT_KINDS, kind) && CONSTRAINT_KINDS[kind]!(value);
};

export const nameConstraints: Check = value =>
  listWords(value).isCritical
    ? listOf(
        isConstraint,
        'permitted;KIND:… or excluded;KIND:…, KIND being DNS, email, URI, IP (address/mask) or dirName (/C=DE/O=Name, ASCII)',
      )(value)
    : { expected: 'a list that begins with "critical" (RFC 5280 4.2.1.10)' };

/** `1.2.3.4`, or with the address of its practice statement: `1.2.3.4 CPS:https://…`. */
export const POLICY = /^([0-9.]+|anyPolicy)(?: +CPS:(\S+))?$/;
const isPolicy = (word: string): boolean => {
  const [, policy = '', url] = POLICY.exec(word) ?? [];
  return (policy === 'anyPolicy' || OID.test(policy)) && (url === undefined || isUrl(url));
};

/** RFC 5280 4.2.1.4: no policy more than once, with or without its address. */
export const certificatePolicies: Check = value => {
  const policies = listWords(value).words.map(word => POLICY.exec(policyName(word))?.[1]);
  const twice = policies.find((policy, i) => policies.indexOf(policy) !== i);
  const expected = `OIDs or anyPolicy, separated by commas, each with or without a blank and CPS:URL (${ENCODED})`;
  return (
    listOf(isPolicy, expected)(value) ??
    (twice === undefined ? undefined : { expected: 'each policy once (RFC 5280 4.2.1.4)', found: twice })
  );
};

export const urls: Check = value => {
  const list = words(value);
  const wrong = list.find(url => !isUrl(url));
  if (list.includes('critical'))
    return { expected: 'no "critical" (RFC 5280 forbids or advises against it)', found: 'critical' };
  return wrong === undefined ? undefined : { expected: `URLs, separated by blanks, ${ENCODED}`, found: wrong };
};

export const yes: Check = value => (value === 'yes' ? undefined : { expected: '"yes", or no such line' });
