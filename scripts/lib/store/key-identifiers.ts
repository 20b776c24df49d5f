// Which keys a certificate names: its own, and the one that signed it.
import { serialOf } from './database-rows.ts';
import { children, decode, derOf, isContextSpecific, type Node, octetsOf, readExtension, SEQUENCE } from './der.ts';

/** RFC 5280 4.1: [3] EXPLICIT in TBSCertificate. */
const EXTENSIONS = 3;

const SUBJECT_KEY = '2.5.29.14';
/** authorityKeyIdentifier, of certificates and of lists. */
export const AUTHORITY_KEY = '2.5.29.35';

/** The decoded value of one extension of a certificate (DER), by its OID; undefined where it is not there. */
export function extensionIn(der: Buffer, wanted: string): Node | undefined {
  const [tbs] = children(decode(der), SEQUENCE);
  const field = children(tbs, SEQUENCE).find(each => isContextSpecific(each) && each.type === EXTENSIONS);
  const extensions = field ? children(children(field, EXTENSIONS)[0], SEQUENCE) : [];
  const found = extensions.map(readExtension).find(({ extnID }) => extnID === wanted);
  return found && decode(Buffer.from(found.extnValue));
}

/** RFC 5280 4.2.1.1: keyIdentifier is [0], authorityCertSerialNumber [2], both IMPLICIT. */
function authorityPart(der: Buffer, type: 0 | 2): string | undefined {
  const authority = extensionIn(der, AUTHORITY_KEY);
  const part = authority && children(authority, SEQUENCE).find(each => isContextSpecific(each) && each.type === type);
  return typeof part?.value === 'string' ? Buffer.from(part.value, 'latin1').toString('hex') : undefined;
}

/** What a certificate says of the key that has signed it, as a whole (RFC 5280 4.2.1.1): hexadecimal. */
export function authorityKey(der: Buffer): string | undefined {
  const value = extensionIn(der, AUTHORITY_KEY);
  return value && derOf(value).toString('hex');
}

/** Which key has signed a certificate, and which one is its own, as it says (RFC 5280 4.2.1.1 and 4.2.1.2): hexadecimal. */
export function keyIdentifiers(der: Buffer): { authority: string | undefined; subject: string | undefined } {
  const subject = extensionIn(der, SUBJECT_KEY);
  return { authority: authorityPart(der, 0), subject: subject && octetsOf(subject).toString('hex') };
}

/** The serial number of the issuer's certificate that a certificate names (RFC 5280 4.2.1.1): hexadecimal. */
export function authoritySerial(der: Buffer): string | undefined {
  const serial = authorityPart(der, 2);
  return serial === undefined ? undefined : serialOf(serial);
}
