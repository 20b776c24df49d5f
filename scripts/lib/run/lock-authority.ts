// The lock of a CA, in the folder of its database: while a run signs by a CA, no other one signs by it or renews it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { databaseFolder } from '../store/names.ts';
import { refuseLinks } from '../store/refuse-links.ts';
import { type Lock, takeLock } from './lock.ts';

/** `waiting` is called once when another run has it. */
export async function lockAuthority(
  path: string,
  stem: string,
  signal: AbortSignal,
  waiting: () => void,
): Promise<Lock> {
  refuseLinks(path, stem);
  const folder = join(path, databaseFolder(stem));
  mkdirSync(folder, { recursive: true });
  return takeLock(join(folder, 'lock'), signal, waiting);
}
