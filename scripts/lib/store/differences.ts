// What a certificate says otherwise than the entity that it should be: each value in the words of the ini files.
import { listWords, policyName, purposeName } from '../model/extension-values.ts';
import { EXTENSION_KEYS, isOid } from '../model/extensions.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { canonicalKeyType } from '../model/key-type.ts';
import { plainSubject } from '../model/subject.ts';
import { type Entity, type Extension, hasKey, hasOwnDigest, hasPssKey, isPss, isSelfSigned } from '../model/types.ts';
import { DAY, isoTime } from '../model/validity.ts';
import { words } from '../model/values.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { relativeNames } from './name-facts.ts';

/** `is` stands in the certificate, `should` in the configuration; '' where there is nothing. */
export interface Difference {
  readonly key: string;
  readonly is: string;
  readonly should: string;
}

/** Every value of `entity` that differs from what its certificate says; empty: it is the same. */
export function differencesOf(entity: Entity, hierarchy: Hierarchy, facts: CertificateFacts): Difference[] {
  const issuer = hierarchy.get(entity.issuer) ?? entity;
  const pairs: Difference[] = [
    ...namePairs('subject', facts.subject, plainSubject(entity)),
    // One that was made elsewhere has its own name.
    ...(isSelfSigned(entity) || issuer.supplied ? [] : namePairs('issuer', facts.issuer, plainSubject(issuer))),
    {
      key: 'key-type',
      is: keyOf(facts.keyType, facts.isPssKey),
      should: keyOf(canonicalKeyType(entity.keyType), hasPssKey(entity)),
    },
    ...validityPairs(entity, facts),
    { key: 'signature', is: facts.signature.toLowerCase(), should: signatureOf(issuer, facts) },
    ...extensionPairs(entity, facts),
  ];
  return pairs.filter(({ is, should }) => is !== should);
}

/** The attributes that differ, where both names are of the same types; else the whole names. */
function namePairs(key: string, is: readonly Extension[], should: readonly Extension[]): Difference[] {
  const [own, wanted] = [relativeNames(is), relativeNames(should)];
  const types = (names: readonly string[]) => names.map(name => name.replace(/=[^+]*/g, '')).join();
  if (types(own) !== types(wanted)) return [{ key, is: own.join(', '), should: wanted.join(', ') }];
  return own.map((name, i) => ({ key, is: name, should: wanted[i]! }));
}

const keyOf = (keyType: string, isPssKey: boolean): string => `${keyType}${isPssKey ? ' (rsa-pss)' : ''}`.toLowerCase();

/** Days are counted whole: a certificate that was made a second late is the same. */
function validityPairs({ certificate }: Entity, { notBefore, notAfter }: CertificateFacts): Difference[] {
  const time = (date: Date | undefined) => (date ? isoTime(date) : '');
  const dates = [
    { key: 'notBefore', is: time(notBefore), should: time(certificate.notBefore) },
    { key: 'notAfter', is: time(notAfter), should: time(certificate.notAfter) },
  ].filter(({ should }) => should !== '');
  if (certificate.days === undefined) return dates;
  const days = Math.round((notAfter.getTime() - notBefore.getTime()) / DAY);
  return [...dates, { key: 'days', is: String(days), should: String(certificate.days) }];
}

/** `sha256 rsa-pss, salt 32` of an issuer; what its algorithm decides alone is taken as it is. */
function signatureOf(issuer: Entity, { signature }: CertificateFacts): string {
  const is = signature.toLowerCase();
  if (hasOwnDigest(issuer)) return is;
  const kind = issuer.keyType.kind === 'ec' ? 'ecdsa' : isPss(issuer) ? 'rsa-pss' : 'rsa';
  const salt = kind === 'rsa-pss' ? saltOf(issuer, /, salt \d+$/.exec(is)?.[0] ?? '') : '';
  return `${issuer.digest} ${kind}${salt}`;
}

/** How long the longest is depends on the key, and who signs elsewhere says that there: both are taken as they are. */
function saltOf(issuer: Entity, is: string): string {
  if (issuer.pssSalt === 'max' || !hasKey(issuer)) return is;
  return `, salt ${issuer.pssSalt === 'digest' ? Number(/\d+$/.exec(issuer.digest)![0]) / 8 : Number(issuer.pssSalt)}`;
}

/** Made from the keys, or from the issuer: they differ with each key. */
const OF_KEYS = ['subjectKeyIdentifier', 'authorityKeyIdentifier'];

function extensionPairs(entity: Entity, { extensions }: CertificateFacts): Difference[] {
  const wanted = entity.facts.get('certificate') ?? new Map();
  const keys = [...wanted.keys()].filter(key => EXTENSION_KEYS.includes(key) || isOid(key));
  const present = [...extensions.keys()].filter(key => !OF_KEYS.includes(key));
  return [...new Set([...keys, ...present])].map(key => {
    const should = wantedValue(key, wanted.get(key)?.value ?? '', entity);
    const is = normal(key, extensions.get(key) ?? '');
    // How openssl encodes ASN1:… is its own affair: only that the extension is there can be told.
    return { key, is: is !== '' && should.includes('ASN1:') ? should : is, should };
  });
}

/** A value of an ini file as it is compared: what the certificate of `entity` gets of it. */
export function wantedValue(key: string, value: string, entity: Entity): string {
  const isRsaEncryption = entity.keyType.kind === 'rsa' && !isPss(entity);
  const kept =
    key === 'keyUsage' && !isRsaEncryption ? value.replace(/keyEncipherment,? ?/, '').replace(/, *$/, '') : value;
  return normal(key, kept);
}

/** One spelling for values that mean the same: order of names, case of hosts, forms of addresses. */
function normal(key: string, value: string): string {
  if (['caIssuers', 'OCSP', 'crlDistributionPoints'].includes(key)) return words(value).join(', ');
  if (value === '' || value === 'yes') return value;
  const { isCritical, words: list } = listWords(value);
  const items = list
    .map(item => SPELLINGS[key]?.(item) ?? address(item))
    .map(item => (item.startsWith('DER:') ? `DER:${item.slice(4).toUpperCase().replaceAll(':', '')}` : item));
  return [...(isCritical ? ['critical'] : []), ...items.sort()].join(', ');
}

/** Keys whose words have two spellings, and the one that certificates are described by. */
const SPELLINGS: Readonly<Record<string, (word: string) => string>> = {
  basicConstraints: word => word.replace(/^pathlen:0+(?=\d)/, 'pathlen:'),
  extendedKeyUsage: purposeName,
  certificatePolicies: word => policyName(word.replace(/ +/, ' ')),
};

function address(item: string): string {
  const text = /^IP:(.*:.*)$/.exec(item)?.[1];
  return text && URL.canParse(`http://[${text}]/`) ? `IP:${new URL(`http://[${text}]/`).hostname.slice(1, -1)}` : item;
}
