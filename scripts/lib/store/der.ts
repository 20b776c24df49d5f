// DER (X.690) without a schema: thousands of requests are read in a run, and schemas take most of the time.
import { createHash } from 'node:crypto';
import asn1, { type Node } from 'node-forge/lib/asn1.js';
import { certificateBlocks, pemToDer } from '../model/pem.ts';

export type { Node };

export const { SEQUENCE, SET } = asn1.Type;
/** [0], in the place of a universal type. */
export const CONTEXT_0 = 0;

/** X.690 8.1.2.2: the upper two bits of an identifier octet. */
export const isContextSpecific = ({ tagClass }: Node): boolean => tagClass === 0x80;

/** Throws where the octets are no DER, or more than that. */
export const decode = (der: Buffer): Node =>
  asn1.fromDer(der.toString('latin1'), { strict: true, decodeBitStrings: false });

export function derOf(node: Node | undefined): Buffer {
  if (!node) throw new TypeError('a part is missing');
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/** The parts of a constructed value of a type. Throws where it is none. */
export function children(node: Node | undefined, type: number): readonly Node[] {
  if (!node || node.type !== type || typeof node.value === 'string') throw new TypeError('unexpected structure');
  return node.value;
}

/** In dots; undefined: the value is no OID. */
export const oidOf = (node: Node | undefined): string | undefined =>
  node?.type === asn1.Type.OID && typeof node.value === 'string' ? asn1.derToOid(node.value) : undefined;

export function octetsOf(node: Node | undefined): Buffer {
  if (node?.type !== asn1.Type.OCTETSTRING) throw new TypeError('no octets');
  return contentOf(node);
}

/** The first octet counts bits that are not used: none, in keys and signatures. */
export function bitsOf(node: Node | undefined): Buffer {
  const content = node?.type === asn1.Type.BITSTRING ? contentOf(node) : undefined;
  if (content?.[0] !== 0) throw new TypeError('no whole octets');
  return content.subarray(1);
}

export const isTrue = (node: Node | undefined): boolean => node?.type === asn1.Type.BOOLEAN && contentOf(node)[0] !== 0;

/** Of this type alone node-forge hands on characters in place of octets. */
const BMP_STRING = 30;

/** The text of a string type; of anything else `#` and its DER in hexadecimal, as RFC 4514 writes it. */
export function textOf(node: Node): string {
  if (node.type === BMP_STRING && typeof node.value === 'string') return node.value;
  const decoder = typeof node.value === 'string' ? DECODERS[node.type] : undefined;
  return decoder?.(contentOf(node)) ?? `#${derOf(node).toString('hex')}`;
}

/** Strings by type number: ASCII, or for TeletexString what everybody takes it for. */
const DECODERS: Readonly<Record<number, (content: Buffer) => string>> = {
  12: content => content.toString('utf8'),
  ...Object.fromEntries([18, 19, 20, 22, 26, 27].map(type => [type, (content: Buffer) => content.toString('latin1')])),
  28: content =>
    String.fromCodePoint(...Array.from({ length: content.length / 4 }, (_, i) => content.readUInt32BE(i * 4))),
};

/** RFC 5280 4.1: Extension. */
export interface RawExtension {
  readonly extnID: string;
  readonly critical: boolean;
  readonly extnValue: Uint8Array;
}

/** RFC 5280 4.1: "critical" may be left out. */
export function readExtension(node: Node): RawExtension {
  const [id, second, third] = children(node, SEQUENCE);
  const oid = oidOf(id);
  if (oid === undefined) throw new TypeError('no extension');
  return { extnID: oid, critical: third !== undefined && isTrue(second), extnValue: octetsOf(third ?? second) };
}

/** OID of the algorithm of a DER subjectPublicKeyInfo. */
export const keyAlgorithmOf = (spki: Buffer): string | undefined =>
  oidOf(children(children(decode(spki), SEQUENCE)[0], SEQUENCE)[0]);

/** SHA-256 of a DER subjectPublicKeyInfo: how keys are told apart. */
export const keyDigest = (spki: Buffer): string => createHash('sha256').update(spki).digest('hex');

/** subjectPublicKeyInfo (DER) of a certificate (DER); RFC 5280 4.1: the version may be left out. Throws where it is none. */
export function certificateKey(der: Buffer): Buffer {
  const [tbs] = children(decode(der), SEQUENCE);
  const fields = children(tbs, SEQUENCE);
  return derOf(fields[fields[0]?.type === CONTEXT_0 ? 6 : 5]);
}

/** SHA-256 of the key of a certificate in PEM. Throws where it is none. */
export const certificateKeyDigest = (pem: string): string =>
  keyDigest(certificateKey(pemToDer(certificateBlocks(pem)[0] ?? '')));

export function contentOf({ value }: Node): Buffer {
  if (typeof value !== 'string') throw new TypeError('unexpected parts');
  return Buffer.from(value, 'latin1');
}
