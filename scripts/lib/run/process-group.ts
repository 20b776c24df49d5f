// A process and all that it started end when the run is aborted. It leads a session of its own, so that there is no
// terminal to prompt on, and Ctrl-C reaches us alone.
import type { ChildProcess } from 'node:child_process';

/** Kills the group of a detached process when `signal` is aborted. */
export function killWhenAborted(leader: Pick<ChildProcess, 'pid' | 'once'>, signal: AbortSignal): void {
  const stop = () => killGroup(leader.pid);
  signal.addEventListener('abort', stop, { once: true });
  leader.once('close', () => signal.removeEventListener('abort', stop));
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
