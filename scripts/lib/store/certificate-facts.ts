// What a certificate says, in the words of the ini files. Text is as it stands there, control characters included:
// whoever prints it makes it printable.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { RsaSaPssParams } from '@peculiar/asn1-rsa';
import { AsnParser } from '@peculiar/asn1-schema';
import { type AlgorithmIdentifier, Certificate, type Extension as DecodedExtension } from '@peculiar/asn1-x509';
import type { Extension } from '../model/types.ts';
import { certificateIn } from './certificate.ts';
import type { RawExtension } from './der.ts';
import { describeExtensions } from './extension-facts.ts';
import { describeName } from './name-facts.ts';
import { HASH_NAMES, isOwnDigestName, OWN_DIGEST_NAMES, RSASSA_PSS, SIGNATURE_NAMES } from './oid-names.ts';

export interface CertificateFacts {
  /**
   * Attributes in the order of the certificate, under openssl's long names, or OIDs. "+" begins the name of an
   * attribute that shares its relative distinguished name with the one before.
   */
  readonly subject: readonly Extension[];
  readonly issuer: readonly Extension[];
  /** Upper-case hexadecimal digits, no sign, no leading zero octet. */
  readonly serial: string;
  /** 1970 where the certificate has no time that can be read. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** `rsa:4096`, `ec:prime256v1` (openssl's names of curves), `ed25519`, `ml-dsa-65`; else the OID of the algorithm. */
  readonly keyType: string;
  /** Whether the public key is an rsassaPss one (RFC 4055). */
  readonly isPssKey: boolean;
  /** `sha256 RSA`, `sha256 RSA-PSS, salt 32`, `sha384 ECDSA`, `ed25519`; else the OID of the algorithm. */
  readonly signature: string;
  /** Ini key to value in the ini's spelling; "critical, " comes first where the extension is critical. */
  readonly extensions: ReadonlyMap<string, string>;
  /** Of the whole certificate: upper-case hexadecimal octets, separated by colons. */
  readonly sha256: string;
}

/** Reads DER (or PEM). Throws where openssl finds no certificate; where it finds one, this never throws. */
export function describeCertificate(der: Buffer): CertificateFacts {
  const known = certificateIn(der);
  if (!known) throw new RangeError('it is no certificate');
  const parsed = parse(known.raw);
  return {
    ...(parsed ? parsedFacts(parsed) : plainFacts(known)),
    serial: known.serialNumber.replace(/^-/, ''),
    ...keyFacts(known, parsed),
    sha256: known.fingerprint256,
  };
}

function parse(der: Buffer): Certificate | undefined {
  try {
    return AsnParser.parse(der, Certificate);
  } catch {
    return undefined;
  }
}

type ParsedFacts = Omit<CertificateFacts, 'serial' | 'keyType' | 'isPssKey' | 'sha256'>;

function parsedFacts({ tbsCertificate, signatureAlgorithm }: Certificate): ParsedFacts {
  const { subject, issuer, validity, extensions } = tbsCertificate;
  return {
    subject: describeName(subject),
    issuer: describeName(issuer),
    notBefore: readTime(() => validity.notBefore.getTime()),
    notAfter: readTime(() => validity.notAfter.getTime()),
    signature: describeSignature(signatureAlgorithm),
    extensions: describeExtensions([...(extensions ?? [])].map(raw)),
  };
}

/** A certificate that openssl takes and our parser does not: what openssl says of it, which has no extensions. */
function plainFacts(known: X509Certificate): ParsedFacts {
  const lines = (text: string | undefined): Extension[] =>
    (text ?? '').split('\n').map(line => ({ name: line.split('=', 1)[0]!, value: line.replace(/^[^=]*=/, '') }));
  return {
    subject: lines(known.subject),
    issuer: lines(known.issuer),
    notBefore: readTime(() => new Date(known.validFrom)),
    notAfter: readTime(() => new Date(known.validTo)),
    signature: 'unreadable',
    extensions: new Map([['unreadable', 'yes']]),
  };
}

const raw = ({ extnID, critical, extnValue }: DecodedExtension): RawExtension => ({
  extnID,
  critical,
  extnValue: new Uint8Array(extnValue.buffer),
});

function readTime(read: () => Date): Date {
  try {
    const time = read();
    return Number.isNaN(time.getTime()) ? new Date(0) : time;
  } catch {
    return new Date(0);
  }
}

/** `rsa:4096`, `ec:prime256v1`, `ed25519`; undefined: node knows no more of it. */
export function keyTypeOf({ asymmetricKeyType: kind, asymmetricKeyDetails: details }: KeyObject): string | undefined {
  if ((kind === 'rsa' || kind === 'rsa-pss') && details?.modulusLength) return `rsa:${details.modulusLength}`;
  if (kind === 'ec' && details?.namedCurve) return `ec:${details.namedCurve}`;
  return isOwnDigestName(kind) ? kind : undefined;
}

function keyFacts(known: X509Certificate, parsed: Certificate | undefined): { keyType: string; isPssKey: boolean } {
  const oid = parsed?.tbsCertificate.subjectPublicKeyInfo.algorithm.algorithm ?? 'unreadable';
  try {
    const keyType = keyTypeOf(known.publicKey);
    if (keyType !== undefined) return { keyType, isPssKey: known.publicKey.asymmetricKeyType === 'rsa-pss' };
  } catch {
    // A key that this OpenSSL does not know, or a broken one.
  }
  return { keyType: OWN_DIGEST_NAMES[oid] ?? oid, isPssKey: oid === RSASSA_PSS };
}

function describeSignature({ algorithm, parameters }: AlgorithmIdentifier): string {
  if (algorithm !== RSASSA_PSS || !parameters) return SIGNATURE_NAMES[algorithm] ?? algorithm;
  try {
    const { hashAlgorithm, saltLength } = AsnParser.parse(parameters, RsaSaPssParams);
    return `${HASH_NAMES[hashAlgorithm.algorithm] ?? hashAlgorithm.algorithm} RSA-PSS, salt ${saltLength}`;
  } catch {
    return algorithm;
  }
}
