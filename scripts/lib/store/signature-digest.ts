// What names an entry of a signature list: SHA-256 of its data, which for a certificate is its fingerprint.
import { createHash } from 'node:crypto';
import { SHA256_GUID, type Signature } from '../model/signature-list.ts';

/** Hexadecimal, lower case. A SHA-256 hash, and the one in front of a time, name themselves. */
export const digestOf = ({ type, data }: Signature): string =>
  HASHES.has(type) ? data.subarray(0, 32).toString('hex') : createHash('sha256').update(data).digest('hex');

const HASHES = new Set([SHA256_GUID, '3bd2a492-96c0-4079-b420-fcf98ef103ed']);
