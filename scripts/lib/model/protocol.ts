// The protocol of a ceremony as text: what people read, and what proves that nobody changed it since. Each entry names
// the digest of all text before it, the key that did the step, and that key's signature over the entry.
import { printable } from '../errors.ts';

export interface ProtocolEntry {
  /** Values by name, in order. */
  readonly values: ReadonlyMap<string, string>;
  /** What its signature covers. */
  readonly signed: string;
  /** SHA-256 of what stands before it, as it says. */
  readonly previous: string;
  /** DER of the public key (subjectPublicKeyInfo), and the signature. */
  readonly key: Buffer;
  readonly signature: Buffer;
  /** Where it begins in the text. */
  readonly offset: number;
}

const HEAD = /^== step \d+ ==$/gm;

type Values = readonly (readonly [name: string, value: string])[];

/** A line for each value. What a certificate says may hold line breaks, which would begin entries of their own. */
export const formatValues = (values: Values): string =>
  values.map(([name, value]) => `${printable(`${name}: ${value}`)}\n`).join('');

/** The text of an entry but for its signature. */
export function formatEntry(number: number, values: Values, previous: string, key: Buffer): string {
  return `== step ${number} ==\n${formatValues(values)}previous: ${previous}\npublic key: ${key.toString('base64')}\n`;
}

export const formatSignature = (signature: Buffer): string => `signature: ${signature.toString('base64')}\n\n`;

/** The entries of a protocol. Throws a RangeError where the text is none. */
export function parseProtocol(text: string): ProtocolEntry[] {
  const offsets = [...text.matchAll(HEAD)].map(({ index }) => index);
  if (text !== '' && offsets[0] !== 0) throw new RangeError('it does not begin with a step');
  return offsets.map((offset, i) => parseEntry(text.slice(offset, offsets[i + 1]), offset));
}

function parseEntry(text: string, offset: number): ProtocolEntry {
  const [, signed, signature] =
    /^([\s\S]*?\npublic key: [A-Za-z0-9+/=]+\n)signature: ([A-Za-z0-9+/=]+)\n\n$/.exec(text) ?? [];
  if (signed === undefined || signature === undefined) throw new RangeError('an entry is not whole');
  const values = new Map(
    signed
      .trimEnd()
      .split('\n')
      .slice(1)
      .map(line => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)] as const;
      }),
  );
  const value = (name: string) => values.get(name) ?? '';
  return {
    values,
    signed,
    previous: value('previous'),
    key: Buffer.from(value('public key'), 'base64'),
    signature: Buffer.from(signature, 'base64'),
    offset,
  };
}

/** rsaEncryption, id-RSASSA-PSS, id-ecPublicKey (RFC 3279, RFC 4055). */
const WITH_DIGEST = ['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.10', '1.2.840.10045.2.1'];

/** Whether keys of an algorithm (OID) take no digest: it brings its own. */
export const isOneShot = (algorithm: string | undefined): boolean => !WITH_DIGEST.includes(algorithm ?? '');

/** A digest as people read it aloud: groups of four digits, upper case. */
export const spoken = (hex: string): string =>
  hex
    .replaceAll(':', '')
    .toUpperCase()
    .replace(/.{4}(?!$)/g, '$& ');
