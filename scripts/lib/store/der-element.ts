// Elements of DER (X.690) as they lie in the octets, for what is hashed or signed octet by octet.

export interface Element {
  readonly tag: number;
  /** All of it. */
  readonly whole: Buffer;
  /** Without tag and length. */
  readonly content: Buffer;
}

/** The first element; what comes after it is passed over. Throws a RangeError where it is cut off, or its length indefinite. */
export function firstElement(octets: Buffer): Element {
  const first = octets[1] ?? 0x80;
  const digits = first < 0x80 ? 0 : first - 0x80;
  const start = 2 + digits;
  if (first === 0x80 || digits > 6 || octets.length < start) throw new RangeError('no length of DER');
  const end = start + (digits === 0 ? first : octets.readUIntBE(2, digits));
  if (end > octets.length) throw new RangeError('cut off');
  return { tag: octets[0]!, whole: octets.subarray(0, end), content: octets.subarray(start, end) };
}

/** Those that follow each other in a constructed one. Throws a RangeError as `firstElement` does, or where there is none. */
export function elementsOf(parent: Element | undefined): Element[] {
  if (!parent) throw new RangeError('a part is missing');
  const found: Element[] = [];
  for (let rest = parent.content; rest.length > 0; ) {
    const element = firstElement(rest);
    found.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return found;
}

/** The part of a certificate (DER) that is signed, as it stands there: tbsCertificate (RFC 5280, 4.1). */
export const signedPart = (certificate: Buffer): Element => firstElement(firstElement(certificate).content);
