// Command lines of the built program. Most starts of a test run are such, and half of each would be Node.js and the
// program being read: so processes that ran one run the next (program-host.mjs). Two at once have a process each. What is
// about the process itself (its exit code, signals, kills, a closed output, another clock) starts one: door.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, MAIN, ROOT } from './door.ts';

/** A run that takes longer than this, in milliseconds, is taken for one that never ends. */
const PATIENCE = 240_000;

const idle: ChildProcess[] = [];

function startHost(): ChildProcess {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'program-host.mjs'), MAIN], {
    cwd: ROOT,
    env: cleanEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  host.once('exit', () => {
    if (idle.includes(host)) idle.splice(idle.indexOf(host), 1);
  });
  return host;
}

/** Idle ones keep nobody from ending, and end then themselves. */
function setIdle(host: ChildProcess): void {
  host.unref();
  host.channel!.unref();
  idle.push(host);
}

/** Runs one command line in `folder`, with `env` and nothing else as its environment. */
export function runProgram(words: readonly string[], folder: string, env = cleanEnvironment()): Promise<Ended> {
  const host = idle.pop() ?? startHost();
  host.ref();
  host.channel!.ref();
  return new Promise((done, fail) => {
    const lost = (code: number | null, signal: string | null) => {
      clearTimeout(timer);
      fail(new Error(`the process that ran "${words.join(' ')}" ended: ${signal ?? code}`));
    };
    const timer = setTimeout(() => host.kill('SIGKILL'), PATIENCE);
    host.once('exit', lost);
    host.once('message', ended => {
      clearTimeout(timer);
      host.off('exit', lost);
      setIdle(host);
      done(ended as Ended);
    });
    host.send({ words, folder, env });
  });
}

/** The program in a folder of a test's own: runs that have to succeed, and runs that have to be refused. */
export function programIn(folder: string, extra: NodeJS.ProcessEnv = {}) {
  const run = (...words: string[]): Promise<Ended> => runProgram(words, folder, cleanEnvironment(extra));
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
