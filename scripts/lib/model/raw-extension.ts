// What the value of an extension that has no name must be: the encoding itself, or one of openssl's simple types.
import { type Check, listWords } from './extension-values.ts';
import { OID } from './values.ts';

/** Simple types of openssl's ASN1_generate_nconf(3), and what their values are. */
const ASN1_TYPES: Readonly<Record<string, RegExp>> = {
  UTF8String: /^[^,;:]+$/,
  IA5STRING: /^[ -~]+$/,
  PRINTABLESTRING: /^[A-Za-z0-9 '()+\-./=?]+$/,
  INTEGER: /^-?(0x[0-9A-Fa-f]{1,40}|[0-9]{1,40})$/,
  BOOLEAN: /^(TRUE|FALSE)$/,
  OID,
};

/** `ASN1:NULL`, or a type and its value. */
function isAsn1(text: string): boolean {
  const [, type = '', value = ''] = /^ASN1:([A-Za-z0-9]+):([^,;:]+)$/.exec(text) ?? [];
  return text === 'ASN1:NULL' || (Object.hasOwn(ASN1_TYPES, type) && ASN1_TYPES[type]!.test(value));
}

/** The encoding of an extension of one's own: `DER:` and hexadecimal digits, or one of openssl's simple `ASN1:` types. */
export const rawValue: Check = value => {
  const [text = '', ...rest] = listWords(value).words;
  const hex = /^DER:((?:[0-9A-Fa-f]{2}:?)+)$/.exec(text)?.[1]?.replaceAll(':', '');
  const expected =
    'DER:0C0141 (one whole ASN.1 value in hexadecimal, for any text) or ASN1:UTF8String:text without , ; and :';
  return rest.length === 0 && (isAsn1(text) || (hex !== undefined && isWholeDer(hex))) ? undefined : { expected };
};

/** Whether the length octets of the outermost value (X.690 8.1.3) say what follows. */
function isWholeDer(hex: string): boolean {
  const length = Number.parseInt(hex.slice(2, 4), 16);
  if (length < 128) return hex.length === 4 + 2 * length;
  const count = length - 128;
  const stated = Number.parseInt(hex.slice(4, 4 + 2 * count), 16);
  return count >= 1 && count <= 4 && hex.length === 4 + 2 * count + 2 * stated;
}
