// Executes the jobs of a plan in a staging directory: several commands side by side, short jobs before the long ones
// that make keys, so that all signing hides behind key generation. Any failure stops everything.
import type { Job, Step } from '../plan/job.ts';
import { runCommand, type Surroundings } from './exec.ts';
import { runFileStep } from './file-step.ts';
import { Schedule } from './schedule.ts';

export interface Progress {
  /** A job was started. */
  readonly started?: (job: Job) => void;
  /** A job is done. */
  readonly done?: (job: Job) => void;
}

/** Runs `jobs`, at most `width` commands at once. Rejects with the first failure, after all running commands ended. */
export async function execute(
  jobs: readonly Job[],
  width: number,
  surroundings: Surroundings,
  progress: Progress = {},
): Promise<void> {
  const { controller } = surroundings;
  const schedule = new Schedule(jobs);
  const worker = async (): Promise<void> => {
    for (let job = await schedule.next(); job; job = await schedule.next()) {
      controller.signal.throwIfAborted();
      progress.started?.(job);
      await runStep(job.step, job.id, surroundings);
      progress.done?.(job);
      schedule.finish(job);
    }
  };
  const workers = Array.from({ length: Math.max(1, width) }, () =>
    worker().catch((error: unknown) => {
      controller.abort(error);
      schedule.stop();
    }),
  );
  await Promise.all(workers);
  controller.signal.throwIfAborted();
}

async function runStep(step: Step, id: string, surroundings: Surroundings): Promise<void> {
  if (step.kind === 'command') await runCommand(step, id, surroundings);
  // Its libraries are loaded where a key is in a token alone.
  else if (step.kind === 'token') await (await import('./token-step.ts')).runTokenStep(step, id, surroundings);
  else runFileStep(step, id, surroundings.folder);
}
