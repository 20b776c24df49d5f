// Which files are read: a pipe keeps everybody waiting, a device has no end, and nothing that we read is very large.
import type { Stats } from 'node:fs';

/** Far more than any list, bundle or database of a PKI. */
export const MOST_BYTES = 10 * 1024 * 1024;

/** Why a file is not read, `is …`; undefined: it is. */
export function refusalOf(found: Stats, most = MOST_BYTES): string | undefined {
  if (!found.isFile()) return 'is no regular file';
  return found.size > most ? `is larger than ${most} bytes` : undefined;
}
