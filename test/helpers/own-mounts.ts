// Scripts that mount: in a mount namespace of their own, so that the machine keeps its file systems as they are.
import { spawnSync } from 'node:child_process';
import { cleanEnvironment, type Ended } from './door.ts';

/** Runs a script of sh; undefined, which is said, where such a namespace cannot be had, or nothing mounted in it. */
export function inOwnMounts(script: string): Ended | undefined {
  const options = { encoding: 'utf8', env: cleanEnvironment() } as const;
  const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script], options);
  if (status === 0 || !/unshare failed|Operation not permitted|permission denied/i.test(stderr))
    return { status, stdout, stderr };
  console.log('skipped: no mount namespaces here');
  return undefined;
}
