// Owns the terminal while a plan runs: a line that is written over on a terminal, a line a step elsewhere, nothing
// when quiet. Everything here goes to stderr; results are printed by the verb.
import type { Job } from '../plan/job.ts';
import type { Progress } from './execute.ts';

/** Where text for people goes: stdout, stderr. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Report extends Progress {
  /** One line for people. */
  note(text: string): void;
  /** Clears an unfinished progress line. */
  end(): void;
}

/** A report that is told the jobs of the plan before they start. */
export interface PlanReport extends Report {
  begin(jobs: readonly Job[]): void;
}

/** Steps of our own take no time worth a line. */
const isCommand = ({ step }: Job): boolean => step.kind === 'command';

/** A report for the jobs of one plan on `stream` (stderr). */
export function makeReport(stream: Output, isQuiet: boolean): PlanReport {
  const state = { keys: 0, allKeys: 0, done: 0, all: 0 };
  const isLive = !isQuiet && stream.isTTY === true;
  const clear = () => (isLive ? '\r\x1b[K' : '');
  const line = (job: Job) => `keys ${state.keys}/${state.allKeys}, steps ${state.done}/${state.all}: ${job.id}`;
  const write = (text: string) => {
    if (!isQuiet) stream.write(text);
  };
  return {
    begin(jobs) {
      Object.assign(state, {
        keys: 0,
        done: 0,
        all: jobs.filter(isCommand).length,
        allKeys: jobs.filter(({ makesKey }) => makesKey).length,
      });
    },
    started: job => isLive && isCommand(job) && write(`${clear()}${line(job)}`.slice(0, (stream.columns || 80) + 3)),
    done(job) {
      if (!isCommand(job)) return;
      state.done++;
      if (job.makesKey) state.keys++;
      if (!isLive) write(`${line(job)}\n`);
    },
    note: text => write(`${clear()}${text}\n`),
    end: () => write(clear()),
  };
}
