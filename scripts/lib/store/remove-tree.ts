// Folders and files out of the way, however busy they are.
import { rmSync } from 'node:fs';

/** An orphaned command of a killed run may still write into the tree, for seconds where it signs hundreds: hence the retries. */
export const removeTree = (path: string): void =>
  rmSync(path, { recursive: true, force: true, maxRetries: 15, retryDelay: 50 });
