// The built program in a folder of a test's own: runs that have to succeed, and runs that have to be refused.
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, MAIN, start } from './door.ts';

/** `extra` is what its environment has besides. */
export function programIn(folder: string, extra: NodeJS.ProcessEnv = {}) {
  const run = (...words: string[]): Promise<Ended> =>
    start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment(extra) }).ended;
  /** What it printed on stdout. */
  const succeed = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...words);
    assert.is(status, 0, stdout + stderr);
    return stdout;
  };
  /** Exit 1 or 2, and a message; of `check` that stands on stdout. */
  const refused = async (pattern: RegExp, ...words: string[]): Promise<void> => {
    const { status, stdout, stderr } = await run(...words);
    assert.ok(status === 1 || status === 2, stdout + stderr);
    assert.match(stdout + stderr, pattern);
  };
  return { run, succeed, refused };
}
