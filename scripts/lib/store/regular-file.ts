// Which files are read: a pipe keeps everybody waiting, a device has no end, and nothing that we read is very large.
import type { Stats } from 'node:fs';

/** Far more than any certificate, bundle or signature list of a PKI. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Two million rows of an index, and half of what node takes for a text. */
const MOST_BYTES_OF_RECORDS = 256 * 1024 * 1024;

/** What grows with the number of certificates: indexes, what was asked for, revocation lists. */
const RECORDS = /^\.pki\/[^/]+\/(index\.txt|requests\.tsv)(\.old)?$|\.crl(\.der)?$/;

/** The most that is read of a file of a PKI directory, by its path inside. */
export const mostBytesOf = (file: string): number => (RECORDS.test(file) ? MOST_BYTES_OF_RECORDS : MOST_BYTES);

/** Why a file is not read, `is …`; undefined: it is. */
export function refusalOf(found: Stats, most = MOST_BYTES): string | undefined {
  if (!found.isFile()) return 'is no regular file';
  return found.size > most ? `is larger than ${most} bytes` : undefined;
}
