// What a certification request (PKCS #10) says and asks for, and whether it is signed by its own key.
import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { CertificationRequest } from '@peculiar/asn1-csr';
import { RsaSaPssParams } from '@peculiar/asn1-rsa';
import { AsnConvert, AsnParser } from '@peculiar/asn1-schema';
import { type AlgorithmIdentifier, Extensions } from '@peculiar/asn1-x509';
import { pemBlocks, pemToDer } from '../model/pem.ts';
import type { Extension } from '../model/types.ts';
import { describeExtensions } from './extension-facts.ts';
import { describeName } from './name-facts.ts';
import { HASH_NAMES, RSASSA_PSS, SIGNATURE_NAMES } from './oid-names.ts';

export interface RequestFacts {
  readonly der: Buffer;
  readonly subject: readonly Extension[];
  /** undefined: of an algorithm that node does not know. */
  readonly key: KeyObject | undefined;
  /** SHA-256 of the subjectPublicKeyInfo, and of the whole request: hexadecimal. */
  readonly keySha256: string;
  readonly sha256: string;
  /** What it asks for, in the words of the ini files. */
  readonly extensions: ReadonlyMap<string, string>;
  readonly isSelfSigned: boolean;
}

/** PKCS #9: extensionRequest. */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** Reads PEM or DER. Throws a RangeError, `it …`, where that is no request. */
export function describeRequest(bytes: Buffer): RequestFacts {
  const der = derOf(bytes);
  const request = parse(der);
  const info = request.certificationRequestInfo;
  const spki = Buffer.from(AsnConvert.serialize(info.subjectPKInfo));
  const key = readKey(spki);
  const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  return {
    der,
    subject: describeName(info.subject),
    key,
    keySha256: sha256(spki),
    sha256: sha256(der),
    extensions: requestedExtensions(request),
    isSelfSigned: key !== undefined && isSignedBy(key, request),
  };
}

function derOf(bytes: Buffer): Buffer {
  const block = pemBlocks(bytes.toString('latin1')).find(({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label));
  if (block) return pemToDer(block.text);
  if (bytes[0] !== 0x30) throw new RangeError('it is no certification request, neither in PEM nor in DER');
  return bytes;
}

function parse(der: Buffer): CertificationRequest {
  try {
    return AsnParser.parse(der, CertificationRequest);
  } catch {
    throw new RangeError('it is no certification request (PKCS #10)');
  }
}

function readKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function requestedExtensions({ certificationRequestInfo }: CertificationRequest): ReadonlyMap<string, string> {
  const values = [...certificationRequestInfo.attributes].filter(({ type }) => type === EXTENSION_REQUEST);
  try {
    const extensions = values.flatMap(attribute => [...AsnParser.parse(attribute.values[0]!, Extensions)]);
    return describeExtensions(extensions);
  } catch {
    throw new RangeError('the extensions that it asks for cannot be read');
  }
}

/** The proof that whoever made the request has the private key. */
function isSignedBy(key: KeyObject, request: CertificationRequest): boolean {
  const content = Buffer.from(request.certificationRequestInfoRaw!);
  const { digest, options } = signatureOf(request.signatureAlgorithm);
  try {
    return verify(digest, content, { key, ...options }, Buffer.from(request.signature));
  } catch {
    return false;
  }
}

/** Node's words for a signature algorithm; digest null: the algorithm brings its own. */
function signatureOf({ algorithm, parameters }: AlgorithmIdentifier): { digest: string | null; options: object } {
  if (algorithm === RSASSA_PSS) {
    const { hashAlgorithm, saltLength } = AsnParser.parse(parameters!, RsaSaPssParams);
    const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    return { digest: HASH_NAMES[hashAlgorithm.algorithm] ?? 'unknown', options };
  }
  const [digest = 'unknown', kind] = (SIGNATURE_NAMES[algorithm] ?? '').split(' ');
  return { digest: kind === undefined ? null : digest, options: {} };
}
