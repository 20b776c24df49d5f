// Whether octets are DER (X.690, 8 to 11), of which there is one for each value: node-forge and openssl read more than
// that, and hand it on. Told by numbers, without objects for the parts: thousands of requests are looked at in a run.
import { isUtf8 } from 'node:buffer';

/** Universal tags; the ones of SEQUENCE and SET with the bit that says "constructed". */
const [BOOLEAN, INTEGER, BIT_STRING, NULL, OID, ENUMERATED, UTF8] = [1, 2, 3, 5, 6, 10, 12];
const [UNIVERSAL_STRING, BMP_STRING, SEQUENCE, SET] = [28, 30, 0x30, 0x31];
/** Bits of an identifier octet. */
const [CONSTRUCTED, CLASS, LONG_TAG] = [0x20, 0xc0, 0x1f];

/** Why octets are not one element in DER: what, and at which octet; undefined: they are. Too deep ones: a RangeError. */
export function unlikeDer(octets: Buffer): string | undefined {
  try {
    const end = checkElement(octets, 0, octets.length);
    return end === octets.length ? undefined : `more than one element, at octet ${end}`;
  } catch (error) {
    if (error instanceof NoDer) return error.message;
    throw error;
  }
}

class NoDer extends Error {}
const no = (what: string, at: number): NoDer => new NoDer(`${what}, at octet ${at}`);

/** The end of an element, which is at most `end`. */
function checkElement(octets: Buffer, at: number, end: number): number {
  const tag = octets[at]!;
  let from = at + 2;
  let length = from <= end ? octets[at + 1]! : Number.POSITIVE_INFINITY;
  if ((tag & LONG_TAG) === LONG_TAG) throw no('a tag that nothing here has', at);
  if (length === 0x80) throw no('an indefinite length', at);
  if (length > 0x80 && length <= 0x84 && from + length - 0x80 <= end) {
    const digits = length - 0x80;
    length = octets.readUIntBE(from, digits);
    if (length < 0x80 || octets[from] === 0) throw no('a length in more octets than it needs', at);
    from += digits;
  }
  if (from + length > end) throw no('something cut off', at);
  const to = from + length;
  if ((tag & CONSTRUCTED) !== 0) checkParts(octets, tag, at, from, to);
  else if ((tag & CLASS) === 0) {
    const wrong = wrongContent(octets, tag, from, to);
    if (wrong !== undefined) throw no(wrong, at);
  }
  return to;
}

function checkParts(octets: Buffer, tag: number, at: number, from: number, to: number): void {
  if ((tag & CLASS) === 0 && tag !== SEQUENCE && tag !== SET) throw no('a string in pieces', at);
  let before = from;
  for (let part = from; part < to; ) {
    const next = checkElement(octets, part, to);
    // 11.6; none is the beginning of another, since each has its length in it.
    if (tag === SET && part > from && octets.compare(octets, part, next, before, part) > 0)
      throw no('a SET that is not sorted', at);
    before = part;
    part = next;
  }
}

/** What is wrong with the content of a primitive of a universal type. */
function wrongContent(octets: Buffer, tag: number, from: number, to: number): string | undefined {
  const length = to - from;
  const first = octets[from]!;
  switch (tag) {
    case BOOLEAN:
      return length === 1 && (first === 0 || first === 0xff) ? undefined : 'a BOOLEAN other than 00 or FF';
    case INTEGER:
    case ENUMERATED:
      return isLeast(octets, from, to) ? undefined : 'an INTEGER in more octets than it needs, or none';
    case BIT_STRING: {
      const unused = length > 0 ? first : 8;
      const isZero = unused === 0 || (unused < 8 && length > 1 && (octets[to - 1]! & ((1 << unused) - 1)) === 0);
      return isZero ? undefined : 'a BIT STRING with unused bits other than 0';
    }
    case NULL:
      return length === 0 ? undefined : 'a NULL that is not empty';
    case OID:
      return isLeastOid(octets, from, to) ? undefined : 'an OBJECT IDENTIFIER in more octets than it needs, or cut off';
    case UTF8:
      return isUtf8(octets.subarray(from, to)) ? undefined : 'a UTF8String that is not in UTF-8';
    case UNIVERSAL_STRING:
      return length % 4 === 0 ? undefined : 'a UniversalString whose last character is cut off';
    case BMP_STRING:
      return length % 2 === 0 ? undefined : 'a BMPString whose last character is cut off';
    case SEQUENCE & ~CONSTRUCTED:
    case SET & ~CONSTRUCTED:
      return 'a SEQUENCE or SET that is primitive';
    default:
      return undefined;
  }
}

/** 8.3.2: the first nine bits are not all the same. */
function isLeast(octets: Buffer, from: number, to: number): boolean {
  const [first, second] = [octets[from]!, octets[from + 1]!];
  if (to - from < 2) return to > from;
  return !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
}

/** 8.19.2: no number begins with an octet 80, and the last one ends. */
function isLeastOid(octets: Buffer, from: number, to: number): boolean {
  let isStart = true;
  for (let i = from; i < to; i++) {
    if (isStart && octets[i] === 0x80) return false;
    isStart = octets[i]! < 0x80;
  }
  return to > from && isStart;
}

/** Throws a RangeError, `WHAT is not in DER ...`, where octets are not. */
export function refuseUnlikeDer(what: string, octets: Buffer): void {
  const difference = unlikeDer(octets);
  if (difference !== undefined) throw new RangeError(`${what} is not in DER (X.690): ${difference}`);
}
