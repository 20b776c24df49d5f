// Extensions of a certificate into ini keys and values. What cannot be decoded, or said in an ini file, stays as DER.
import { AsnParser } from '@peculiar/asn1-schema';
import {
  AuthorityInfoAccessSyntax,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CertificatePolicies,
  CRLDistributionPoints,
  ExtendedKeyUsage,
  type GeneralSubtrees,
  KeyUsage,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { KEY_USAGES, policyName, purposeName } from '../model/extension-values.ts';
import { children, decode, isContextSpecific, type Node, type RawExtension, SEQUENCE } from './der.ts';
import { describeGeneralName } from './name-facts.ts';

/** Ini key to value without "critical"; undefined where the ini files have no words for it. */
type Decoder = (der: Uint8Array) => Readonly<Record<string, string>> | undefined;

const ACCESS = '1.3.6.1.5.5.7.1.1';
const TLS_FEATURE = '1.3.6.1.5.5.7.1.24';

/** The key under which an extension stands even where it cannot be decoded; a decoder gives other keys itself. */
const KEYS: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.31': 'crlDistributionPoints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extendedKeyUsage',
  '1.3.6.1.5.5.7.48.1.5': 'ocsp-nocheck',
};

const one = (key: string, words: readonly string[]): Record<string, string> => ({ [key]: words.join(', ') });

const DECODERS: Readonly<Record<string, Decoder>> = {
  subjectKeyIdentifier: der => one('subjectKeyIdentifier', [colons(AsnParser.parse(der, SubjectKeyIdentifier).buffer)]),
  authorityKeyIdentifier: der => {
    const { keyIdentifier } = AsnParser.parse(der, AuthorityKeyIdentifier);
    return keyIdentifier && one('authorityKeyIdentifier', [colons(keyIdentifier.buffer)]);
  },
  basicConstraints: der => {
    const { cA, pathLenConstraint } = AsnParser.parse(der, BasicConstraints);
    const length = pathLenConstraint === undefined ? [] : [`pathlen:${pathLenConstraint}`];
    return one('basicConstraints', [`CA:${cA ? 'TRUE' : 'FALSE'}`, ...length]);
  },
  keyUsage: der => {
    const bits = Buffer.from(AsnParser.parse(der, KeyUsage).value);
    return one(
      'keyUsage',
      KEY_USAGES.filter((_, i) => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0),
    );
  },
  extendedKeyUsage: der => one('extendedKeyUsage', [...AsnParser.parse(der, ExtendedKeyUsage)].map(purposeName)),
  subjectAltName: der => one('subjectAltName', generalNames(der)),
  certificatePolicies: der => one('certificatePolicies', [...AsnParser.parse(der, CertificatePolicies)].map(policy)),
  nameConstraints: der => {
    const { permittedSubtrees, excludedSubtrees } = AsnParser.parse(der, NameConstraints);
    return one('nameConstraints', [
      ...subtrees('permitted', permittedSubtrees),
      ...subtrees('excluded', excludedSubtrees),
    ]);
  },
  crlDistributionPoints: der => {
    const points = [...AsnParser.parse(der, CRLDistributionPoints)];
    const names = points.flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? []);
    const isPlain = points.every(point => point.distributionPoint?.fullName && !point.reasons && !point.cRLIssuer);
    return isPlain ? urls('crlDistributionPoints', names.map(describeGeneralName)) : undefined;
  },
  'ocsp-nocheck': () => one('ocsp-nocheck', ['yes']),
  // RFC 7633: a sequence of one number, 5, status_request of RFC 6066.
  [TLS_FEATURE]: der => (Buffer.from(der).toString('hex') === '3003020105' ? one('must-staple', ['yes']) : undefined),
  [ACCESS]: der => {
    const [first, second] = ['1.3.6.1.5.5.7.48.2', '1.3.6.1.5.5.7.48.1'];
    const list = [...AsnParser.parse(der, AuthorityInfoAccessSyntax)];
    const at = (method: string) =>
      list
        .filter(({ accessMethod }) => accessMethod === method)
        .map(({ accessLocation }) => describeGeneralName(accessLocation));
    if (list.some(({ accessMethod }) => accessMethod !== first && accessMethod !== second)) return undefined;
    const [issuers, responders] = [urls('caIssuers', at(first!)), urls('OCSP', at(second!))];
    return issuers && responders && { ...issuers, ...responders };
  },
};

/** Names that are plain text, as nearly all are, need no schema. */
function generalNames(der: Uint8Array): string[] {
  const names = children(decode(Buffer.from(der)), SEQUENCE);
  const texts = names.map(name => (isContextSpecific(name) ? TEXT_NAMES[name.type]?.(name.value) : undefined));
  if (texts.every(text => text !== undefined)) return texts;
  return [...AsnParser.parse(der, SubjectAlternativeName)].map(describeGeneralName);
}

const textName = (key: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier') => (value: Node['value']) =>
  typeof value === 'string' ? describeGeneralName({ [key]: value }) : undefined;

/** RFC 5280 4.2.1.6: context-specific tags of a GeneralName. */
const TEXT_NAMES: Readonly<Record<number, ReturnType<typeof textName>>> = {
  1: textName('rfc822Name'),
  2: textName('dNSName'),
  6: textName('uniformResourceIdentifier'),
};

/** The URLs of names that are all URIs. */
function urls(key: string, names: readonly string[]): Record<string, string> | undefined {
  if (!names.every(name => name.startsWith('URI:'))) return undefined;
  return names.length === 0
    ? {}
    : one(
        key,
        names.map(name => name.slice('URI:'.length)),
      );
}

const subtrees = (kind: string, list: GeneralSubtrees | undefined): string[] =>
  [...(list ?? [])].map(({ base }) => `${kind};${describeGeneralName(base)}`);

/** `1.2.3`, `1.2.3 CPS:https://...`; the OID of any other qualifier. */
function policy({ policyIdentifier, policyQualifiers }: CertificatePolicies[number]): string {
  const qualifiers = (policyQualifiers ?? []).map(({ policyQualifierId, qualifier }) => {
    const der = Buffer.from(qualifier);
    const isUrl = policyQualifierId === '1.3.6.1.5.5.7.2.1' && der[0] === 0x16 && der[1] === der.length - 2;
    return isUrl ? `CPS:${der.subarray(2).toString('latin1').replace(/[\\,]/g, '\\$&')}` : policyQualifierId;
  });
  return [policyName(policyIdentifier), ...qualifiers].join(' ');
}

const colons = (bytes: ArrayBuffer): string =>
  Buffer.from(bytes)
    .toString('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:');

/** All extensions, in the order of the certificate. */
export function describeExtensions(extensions: Iterable<RawExtension>): Map<string, string> {
  const facts = new Map<string, string>();
  for (const { extnID, critical, extnValue } of extensions)
    for (const [key, value] of Object.entries(describeExtension(extnID, extnValue)))
      if (!facts.has(key)) facts.set(key, critical ? `critical, ${value}` : value);
  return facts;
}

function describeExtension(oid: string, der: Uint8Array): Readonly<Record<string, string>> {
  const key = KEYS[oid] ?? oid;
  const raw = { [key]: `DER:${Buffer.from(der).toString('hex').toUpperCase()}` };
  try {
    const words = DECODERS[key]?.(der) ?? raw;
    return Object.keys(words).length > 0 ? words : raw; // an empty list is there, too
  } catch {
    return raw;
  }
}
