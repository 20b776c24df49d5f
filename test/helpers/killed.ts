// Runs of the built program that are killed at one of their system calls.
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cleanEnvironment, MAIN, start } from './door.ts';

/**
 * Kills it at the call of this number, or at the first one with one of these paths (relative to `folder`); fails where
 * that never comes. Needs strace.
 */
export async function killAt(
  call: string,
  which: number | readonly string[],
  folder: string,
  ...words: string[]
): Promise<void> {
  const [when, paths] =
    typeof which === 'number' ? [which, []] : [1, which.flatMap(path => ['-P', join(folder, path)])];
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`, ...paths];
  const args = ['-o', '/dev/null', ...inject, process.execPath, MAIN, ...words];
  const { status, stdout, stderr } = await start('strace', args, { cwd: folder, env: cleanEnvironment() }).ended;
  assert.is(status, null, `it was not killed: ${stdout}${stderr}`);
}
