// What a certification request (PKCS #10) says and asks for, and whether it is signed by its own key.
import { createHash } from 'node:crypto';
import { type PemBlock, pemBlocks, pemToDer } from '../model/pem.ts';
import type { Extension } from '../model/types.ts';
import {
  bitsOf,
  CONTEXT_0,
  children,
  decode,
  keyDigest,
  type Node,
  oidOf,
  readExtension,
  SEQUENCE,
  SET,
  textOf,
} from './der.ts';
import { elementsOf, firstElement } from './der-element.ts';
import { describeExtensions } from './extension-facts.ts';
import { isUsualEncoding } from './key-encoding.ts';
import { ATTRIBUTE_NAMES, CURVE_NAMES, EC_KEY, OWN_DIGEST_NAMES } from './oid-names.ts';
import { isForged, readKey, type Signed } from './request-signature.ts';
import { refuseUnlikeDer } from './strict-der.ts';

/** What a policy looks at. `kind` in node's words: rsa, rsa-pss, ec, ed25519, ... */
export interface RequestKey {
  readonly kind: string;
  readonly bits?: number | undefined;
  readonly exponent?: bigint | undefined;
  /** In openssl's words; of an unknown one the OID; undefined: the key has the curve's parameters in place of a name. */
  readonly curve?: string | undefined;
  /** Of an EC key: whether its point is written whole (RFC 5480, 2.2). */
  readonly isUncompressed?: boolean;
}

export interface RequestFacts {
  readonly der: Buffer;
  readonly subject: readonly Extension[];
  /** undefined: of an algorithm that node does not know. */
  readonly key: RequestKey | undefined;
  /** SHA-256 of the subjectPublicKeyInfo, and of the whole request: hexadecimal. */
  readonly keySha256: string;
  readonly sha256: string;
  /** What it asks for, in the words of the ini files. */
  readonly extensions: ReadonlyMap<string, string>;
  /**
   * Whether its signature is known not to be by its own key; computed when asked for. Of an algorithm that node does
   * not know, openssl alone can tell, which looks when it signs.
   */
  isForged(): boolean;
}

/** The parts of a request (RFC 2986). */
interface Parts extends Signed {
  /** The key itself. */
  readonly key: Buffer;
  readonly identifier: readonly Node[];
  readonly subject: readonly Extension[];
  readonly extensions: Node | undefined;
}

/** PKCS #9's extensionRequest and that of Microsoft: openssl takes either. */
const EXTENSION_REQUESTS = ['1.2.840.113549.1.9.14', '1.3.6.1.4.1.311.2.1.14'];
/** RFC 2986, 4.1: version, 0. */
const VERSION = '020100';
/** RFC 5280, 4.2.1.6: what is taken over as it stands in a request. */
const SUBJECT_ALT_NAME = '2.5.29.17';
/** SEC 1, 2.3.3: the first octet of a point; others are compressed or hybrid. */
const UNCOMPRESSED = 4;

/** Reads PEM or DER. Throws a RangeError, `it …`, where that is no request, or not one in DER, as RFC 2986 has it. */
export function describeRequest(bytes: Buffer | string): RequestFacts {
  const der = requestIn(bytes);
  const parts = partsOf(der);
  if (!isUsualEncoding(parts))
    throw new RangeError(
      'its key is not encoded in the one way that its algorithm has (RFC 3279, RFC 4055, RFC 8410): it would pass for another key',
    );
  return {
    der,
    subject: parts.subject,
    key: describeKey(parts),
    keySha256: keyDigest(parts.spki),
    sha256: createHash('sha256').update(der).digest('hex'),
    extensions: requestedExtensions(parts),
    // From the octets again: thousands of decoded requests would fill the memory.
    isForged: () => isForged(partsOf(der)),
  };
}

/** The public key of a request, a DER subjectPublicKeyInfo. Throws a RangeError where it is none. */
export const requestKey = (bytes: Buffer | string): Buffer => partsOf(requestIn(bytes)).spki;

function requestIn(bytes: Buffer | string): Buffer {
  // What begins as DER is not searched for text: it may hold anything.
  if (typeof bytes !== 'string' && bytes[0] === 0x30) return bytes;
  const [block, ...others] = blocksOf(typeof bytes === 'string' ? bytes : bytes.toString('latin1')).filter(
    ({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label),
  );
  if (others.length > 0) throw new RangeError(`it holds ${others.length + 1} requests: one a file`);
  if (!block) throw new RangeError('it is no certification request, neither in PEM nor in DER');
  return pemToDer(block.text);
}

function blocksOf(text: string): PemBlock[] {
  try {
    return pemBlocks(text);
  } catch (error) {
    throw new RangeError(`it is no certification request that can be read: ${(error as RangeError).message}`);
  }
}

function parse<T>(read: () => T, refusal = 'it is no certification request (PKCS #10)'): T {
  try {
    return read();
  } catch {
    throw new RangeError(refusal);
  }
}

function partsOf(der: Buffer): Parts {
  const { lists, ...decoded } = parse(() => {
    const [info, , signature] = children(decode(der), SEQUENCE);
    const [, subject, spki, attributes] = children(info, SEQUENCE);
    const [algorithm, key, ...more] = children(spki, SEQUENCE);
    if (more.length > 0) throw new TypeError('more than a key');
    const identifier = children(algorithm, SEQUENCE);
    return {
      subject: children(subject, SEQUENCE).flatMap(describeRdn),
      key: bitsOf(key),
      identifier,
      algorithm: identifier.map(oidOf),
      lists: attributes ? extensionLists(children(attributes, CONTEXT_0)) : [],
      signature: bitsOf(signature),
    };
  });
  refuseUnlikeDer('it', der);
  // openssl would take one of them, and others another.
  if (lists.length > 1)
    throw new RangeError(`it has ${lists.length} lists of extensions: one is allowed (RFC 2985, 5.4.2)`);
  // As they stand there: to encode them again would give the same, and take long.
  const [info, algorithm] = elementsOf(firstElement(der));
  const [version, , spki] = elementsOf(info);
  if (version!.whole.toString('hex') !== VERSION)
    throw new RangeError('its version is another than 0, the only one of PKCS #10');
  const octets = { info: info!.whole, spki: spki!.whole, signatureAlgorithm: algorithm!.whole };
  return { ...decoded, ...octets, extensions: lists[0] };
}

/** "+" begins the name of an attribute that shares its RDN with the one before. */
const describeRdn = (rdn: Node): Extension[] =>
  children(rdn, SET).map((attribute, i) => {
    const [type, value] = children(attribute, SEQUENCE);
    const oid = oidOf(type);
    if (oid === undefined || !value) throw new TypeError('no attribute');
    return { name: `${i > 0 ? '+' : ''}${ATTRIBUTE_NAMES[oid] ?? oid}`, value: textOf(value) };
  });

const extensionLists = (attributes: readonly Node[]): readonly Node[] =>
  attributes
    .map(attribute => children(attribute, SEQUENCE))
    .filter(([type]) => EXTENSION_REQUESTS.includes(oidOf(type) ?? ''))
    .flatMap(([, values]) => children(values, SET));

/**
 * A key on a curve needs no more than its OIDs and first octet: openssl takes long to decode it, and does so when it
 * signs. Node would give parameters the name of the curve that they are those of.
 */
function describeKey({ algorithm: [algorithm, curve], spki, key: [form] }: Parts): RequestKey | undefined {
  if (algorithm === EC_KEY)
    return { kind: 'ec', curve: curve && (CURVE_NAMES[curve] ?? curve), isUncompressed: form === UNCOMPRESSED };
  const key = readKey(spki);
  const name = OWN_DIGEST_NAMES[algorithm ?? ''];
  if (!key?.asymmetricKeyType) return name === undefined ? undefined : { kind: name };
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  return { kind: key.asymmetricKeyType, bits: modulusLength, exponent: publicExponent };
}

function requestedExtensions({ extensions }: Parts): ReadonlyMap<string, string> {
  const unreadable = 'the extensions that it asks for cannot be read';
  const asked = parse(() => (extensions ? children(extensions, SEQUENCE) : []).map(readRequested), unreadable);
  for (const { extnID, extnValue, isFalseWritten } of asked) {
    if (extnID !== SUBJECT_ALT_NAME) continue;
    refuseUnlikeDer('its subjectAltName', Buffer.from(extnValue));
    if (isFalseWritten)
      throw new RangeError('its subjectAltName is not in DER (X.690): "critical" is FALSE, not left out');
  }
  const ids = asked.map(({ extnID }) => extnID);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new RangeError(`it asks for the extension ${twice} twice (RFC 5280, 4.2)`);
  return parse(() => describeExtensions(asked), unreadable);
}

/** X.690 11.5: a value that is the default is left out. */
function readRequested(node: Node) {
  const extension = readExtension(node);
  return { ...extension, isFalseWritten: children(node, SEQUENCE).length > 2 && !extension.critical };
}
