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

/**
 * The time (EFI_TIME, zeros: always) from which an entry revokes a certificate (DER) by the hash of its signed part
 * (EFI_CERT_X509_SHA256 and its like); undefined: it does not.
 */
export function revocationTime({ type, data }: Signature, certificate: Buffer): Buffer | undefined {
  const digest = SIGNATURE_TYPES[type]?.certificateDigest;
  if (digest === undefined) return undefined;
  const hash = certificateHash(certificate, digest);
  return data.subarray(0, hash.length).equals(hash) ? data.subarray(hash.length) : undefined;
}
