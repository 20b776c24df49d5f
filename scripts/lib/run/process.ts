// Starts one process by itself: the only place where execa is imported.
import { closeSync, openSync } from 'node:fs';
import { execa } from 'execa';
import type { Output } from './lane.ts';
import { killWhenAborted } from './process-group.ts';

export interface Setting {
  readonly folder: string;
  /** All that it gets. */
  readonly environment: NodeJS.ProcessEnv;
  readonly output: Output;
}

/** execa's types know the numbers up to 9; any open descriptor will do. */
type Descriptor = 9;

/** Runs it to its end; the result never rejects. Throws where the run was aborted already. */
export async function runProcess(tool: string, args: readonly string[], setting: Setting, signal: AbortSignal) {
  signal.throwIfAborted();
  const { folder, environment, output } = setting;
  const files = typeof output === 'string' ? [] : output.map(file => openSync(file, 'w') as Descriptor);
  const [stdout, stderr] = files;
  try {
    const child = execa(tool, args, {
      cwd: folder,
      env: environment,
      extendEnv: false,
      stdin: 'ignore',
      stdout: stdout ?? (output === 'read' ? 'pipe' : 'ignore'),
      stderr: stderr ?? 'pipe',
      detached: true,
      reject: false,
      stripFinalNewline: false,
    });
    killWhenAborted(child, signal);
    return await child;
  } finally {
    for (const file of files) closeSync(file);
  }
}
