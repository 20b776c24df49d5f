// The protocol of ceremonies as it lies in a directory, with its digest beside it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StateError } from '../errors.ts';
import { type ProtocolEntry, parseProtocol } from '../model/protocol.ts';
import { readContained } from './contained-file.ts';
import { PROTOCOL, PROTOCOL_DIGEST } from './names.ts';
import { replaceFile } from './replace-file.ts';

/** What people do about a protocol that is not as it was written. */
export const PROTOCOL_HINT = 'somebody changed it: compare it with a copy on paper';

interface Protocol {
  readonly text: string;
  readonly entries: readonly ProtocolEntry[];
}

/** SHA-256, in small hexadecimal digits. */
export const protocolDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Without text and entries where there is none yet. Throws a StateError, with its path, where it is no protocol, or not all of it. */
export function readProtocol(path: string): Protocol {
  try {
    const text = existsSync(join(path, PROTOCOL)) ? readContained(path, PROTOCOL).toString('utf8') : '';
    const entries = parseProtocol(text);
    refuseCutOff(path, { text, entries });
    return { text, entries };
  } catch (error) {
    throw new StateError(
      `"${join(path, PROTOCOL)}" is no protocol: ${(error as Error).message}`,
      `${PROTOCOL_HINT}, and put that back; or move it away, and "${PROTOCOL_DIGEST}" with it: a new one is begun`,
    );
  }
}

/** Throws a RangeError where it ends before the last step, or that is another one. A directory may have no digest yet. */
export function refuseCutOff(path: string, { text, entries }: Protocol): void {
  if (!existsSync(join(path, PROTOCOL_DIGEST))) return;
  const digest = readContained(path, PROTOCOL_DIGEST).toString('latin1').split(' ')[0]!;
  // A run that was killed before it wrote the digest left the one before its step.
  if (![protocolDigest(text), entries.at(-1)?.previous].includes(digest))
    throw new RangeError(`by "${PROTOCOL_DIGEST}", it has lost steps at its end, or has others`);
}

/** Puts it there, synced: first the protocol, then its digest. */
export function replaceProtocol(path: string, text: string): void {
  replaceFile(join(path, PROTOCOL), text);
  replaceFile(join(path, PROTOCOL_DIGEST), `${protocolDigest(text)}  ${basename(PROTOCOL)}\n`);
}
