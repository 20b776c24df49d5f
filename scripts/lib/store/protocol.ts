// The protocol of ceremonies as it lies in a directory.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { type ProtocolEntry, parseProtocol } from '../model/protocol.ts';
import { readContained } from './contained-file.ts';
import { PROTOCOL } from './names.ts';

/** What people do about a protocol that is not as it was written. */
export const PROTOCOL_HINT = 'somebody changed it: compare it with a copy on paper';

interface Protocol {
  readonly text: string;
  readonly entries: readonly ProtocolEntry[];
}

/** Without text and entries where there is none yet. Throws a StateError, with its path, where it is no protocol. */
export function readProtocol(path: string): Protocol {
  if (!existsSync(join(path, PROTOCOL))) return { text: '', entries: [] };
  try {
    const text = readContained(path, PROTOCOL).toString('utf8');
    return { text, entries: parseProtocol(text) };
  } catch (error) {
    throw new StateError(
      `"${join(path, PROTOCOL)}" is no protocol: ${(error as Error).message}`,
      `${PROTOCOL_HINT}, and put that back; or move it away: a new one is begun`,
    );
  }
}
