// What names an entry of a signature list: SHA-256 of its data, which for a certificate is its fingerprint.
import { createHash } from 'node:crypto';
import { SHA256_GUID, SIGNATURE_TYPES, type Signature, X509_SHA256_GUID } from '../model/signature-list.ts';
import { signedPart } from './der-element.ts';

/** Hexadecimal, lower case. A SHA-256 hash, and the one in front of a time, name themselves. */
export const digestOf = ({ type, data }: Signature): string =>
  HASHES.has(type) ? data.subarray(0, 32).toString('hex') : createHash('sha256').update(data).digest('hex');

const HASHES = new Set([SHA256_GUID, X509_SHA256_GUID]);

/** The hash of the signed part of a certificate (DER), by node's name of the digest. */
export const certificateHash = (certificate: Buffer, digest: string): Buffer =>
  createHash(digest).update(signedPart(certificate).whole).digest();

/** Whether an entry revokes a certificate (DER) by the hash of its signed part (EFI_CERT_X509_SHA256 and its like). */
export function revokesByHash({ type, data }: Signature, certificate: Buffer): boolean {
  const digest = SIGNATURE_TYPES[type]?.certificateDigest;
  if (digest === undefined) return false;
  const hash = certificateHash(certificate, digest);
  return data.subarray(0, hash.length).equals(hash);
}

/** From when the hash of a certificate revokes it, ISO 8601 in UTC; undefined: at all times, or it is no such hash. */
export function revokedFrom({ type, data }: Signature): string | undefined {
  const { certificateDigest, length } = SIGNATURE_TYPES[type] ?? {};
  if (certificateDigest === undefined || data.length !== length) return undefined;
  // EFI_TIME (UEFI 2.10, 8.3) ends the entry. No Date is made of it: it may be none that there is.
  const time = data.subarray(-16);
  if (time.every(octet => octet === 0)) return undefined;
  const [month, day, hour, minute, second] = [...time.subarray(2, 7)].map(each => `${each}`.padStart(2, '0'));
  return `${`${time.readUInt16LE(0)}`.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
