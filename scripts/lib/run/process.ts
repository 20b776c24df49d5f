// Starts processes whose output goes to files or that need an environment of their own: the only place where execa is
// imported.
import { execa } from 'execa';
import { killWhenAborted } from './process-group.ts';

/** execa's types know the numbers up to 9; any open descriptor will do. */
export type Descriptor = 9;

export interface Setting {
  readonly folder: string;
  /** All that it gets. */
  readonly environment: NodeJS.ProcessEnv;
  readonly stdout: 'ignore' | 'pipe' | Descriptor;
  readonly stderr: 'pipe' | Descriptor;
}

/** Runs it to its end; the result never rejects. Throws where the run was aborted already. */
export function runProcess(tool: string, args: readonly string[], setting: Setting, signal: AbortSignal) {
  signal.throwIfAborted();
  const { folder, environment, stdout, stderr } = setting;
  const child = execa(tool, args, {
    cwd: folder,
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    stdout,
    stderr,
    detached: true,
    reject: false,
    stripFinalNewline: false,
  });
  killWhenAborted(child, signal);
  return child;
}
