// Starts processes: the only place where execa is imported. Each has a session of its own, so that there is no terminal
// to prompt on and Ctrl-C reaches us alone, and ends with all that it started when the run is aborted.
import { execa } from 'execa';

/** execa's types know the numbers up to 9; any open descriptor will do. */
export type Descriptor = 9;

export interface Setting {
  readonly folder: string;
  /** All that it gets. */
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: 'ignore' | 'pipe';
  readonly stdout: 'ignore' | 'pipe' | Descriptor;
  readonly stderr: 'pipe' | Descriptor;
  /** Whether what it prints is kept; else whoever starts it reads the streams. */
  readonly isKept: boolean;
}

/** Starts it; the result never rejects. Throws where the run was aborted already. */
export function startProcess(tool: string, args: readonly string[], setting: Setting, signal: AbortSignal) {
  signal.throwIfAborted();
  const { folder, environment, stdin, stdout, stderr, isKept } = setting;
  const child = execa(tool, args, {
    cwd: folder,
    env: environment,
    extendEnv: false,
    stdin,
    stdout,
    stderr,
    buffer: isKept,
    detached: true,
    reject: false,
    stripFinalNewline: false,
  });
  const stop = () => killGroup(child.pid);
  signal.addEventListener('abort', stop, { once: true });
  child.then(() => signal.removeEventListener('abort', stop));
  return child;
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
