// What names an entry of a signature list: SHA-256 of its data, which for a certificate is its fingerprint.
import { createHash } from 'node:crypto';
import type { Signature } from '../model/signature-list.ts';

/** Hexadecimal, lower case. A SHA-256 hash, and the one in front of a time, name themselves. */
export const digestOf = ({ type, data }: Signature): string =>
  HASHES.has(type) ? data.subarray(0, 32).toString('hex') : createHash('sha256').update(data).digest('hex');

const HASHES = new Set(['c1c41626-504c-4092-aca9-41f936934328', '3bd2a492-96c0-4079-b420-fcf98ef103ed']);
