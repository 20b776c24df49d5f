// Executes the jobs of a plan in a staging directory: several commands side by side, short jobs before the long ones
// that make keys, so that all signing hides behind key generation. Any failure stops everything.
import type { Job, Step } from '../plan/job.ts';
import { runCommand, type Surroundings } from './exec.ts';
import { runFileStep } from './file-step.ts';
import { Launcher } from './launcher.ts';

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
    const launcher = new Launcher(surroundings);
    try {
      for (let job = await schedule.next(); job; job = await schedule.next()) {
        controller.signal.throwIfAborted();
        progress.started?.(job);
        await runStep(job.step, job.id, surroundings, launcher);
        progress.done?.(job);
        schedule.finish(job);
      }
    } finally {
      await launcher.close();
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

async function runStep(step: Step, id: string, surroundings: Surroundings, launcher: Launcher): Promise<void> {
  if (step.kind === 'command') await (step.token ? runCommand(step, id, surroundings) : launcher.run(step, id));
  // Its libraries are loaded where a key is in a token alone.
  else if (step.kind === 'token') await (await import('./token-step.ts')).runTokenStep(step, id, surroundings);
  else runFileStep(step, id, surroundings.folder);
}

/** Which job comes next. Ready jobs wait in two queues: those that make keys yield to all others. */
class Schedule {
  readonly #blockers: Map<string, number>;
  readonly #dependents = new Map<string, Job[]>();
  readonly #ready: { short: Job[]; long: Job[] } = { short: [], long: [] };
  #unfinished: number;
  #waiting: ((job: Job | undefined) => void)[] = [];

  constructor(jobs: readonly Job[]) {
    this.#unfinished = jobs.length;
    this.#blockers = new Map(jobs.map(({ id, needs }) => [id, needs.length]));
    for (const job of jobs) {
      for (const need of job.needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), job]);
      if (job.needs.length === 0) this.#queue(job);
    }
  }

  /** The next job, once one is ready; undefined when all is done or stopped. */
  next(): Promise<Job | undefined> {
    const job = this.#ready.short.shift() ?? this.#ready.long.shift();
    if (job || this.#unfinished === 0) return Promise.resolve(job);
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  finish(job: Job): void {
    this.#unfinished--;
    for (const dependent of this.#dependents.get(job.id) ?? []) {
      const left = this.#blockers.get(dependent.id)! - 1;
      this.#blockers.set(dependent.id, left);
      if (left === 0) this.#queue(dependent);
    }
    if (this.#unfinished === 0) this.#release();
    while (this.#waiting.length > 0 && this.#ready.short.length + this.#ready.long.length > 0)
      this.#waiting.shift()!(this.#ready.short.shift() ?? this.#ready.long.shift());
  }

  stop(): void {
    this.#unfinished = 0;
    this.#ready.short.length = 0;
    this.#ready.long.length = 0;
    this.#release();
  }

  #queue(job: Job): void {
    (job.makesKey ? this.#ready.long : this.#ready.short).push(job);
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}
