// Which job comes next. Ready jobs wait in two queues: those that make keys yield to all others.
import type { Job } from '../plan/job.ts';

export class Schedule {
  readonly #blockers: Map<string, number>;
  readonly #dependents = new Map<string, Job[]>();
  readonly #ready: { short: Job[]; long: Job[] } = { short: [], long: [] };
  #unfinished: number;
  #isStopped = false;
  #waiting: ((job: Job | undefined) => void)[] = [];

  constructor(jobs: readonly Job[]) {
    this.#unfinished = jobs.length;
    this.#blockers = new Map(jobs.map(({ id, needs }) => [id, needs.length]));
    for (const job of jobs) {
      for (const need of job.needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), job]);
      if (job.needs.length === 0) this.#queue(job);
    }
  }

  /** The next job, once one is ready; undefined when all is done or stopped, also where a job ends after that. */
  next(): Promise<Job | undefined> {
    const job = this.#ready.short.shift() ?? this.#ready.long.shift();
    if (job || this.#unfinished === 0) return Promise.resolve(job);
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  finish(job: Job): void {
    if (this.#isStopped) return;
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
    this.#isStopped = true;
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
