// Jobs of a plan, as tests ask for them.
import * as assert from 'uvu/assert';
import type { Job } from '../../scripts/lib/plan/job.ts';
import type { Plan } from '../../scripts/lib/plan/plan.ts';
import { commandLine } from '../../scripts/lib/plan/shell.ts';

/** The job of this id, which is there. */
export function jobOf({ jobs }: Pick<Plan, 'jobs'>, id: string): Job {
  const found = jobs.find(each => each.id === id);
  assert.ok(found, `there is a job "${id}"`);
  return found!;
}

/** The job's command as a line; a file step as JSON. */
export const lineOf = ({ step }: Job): string => (step.kind === 'command' ? commandLine(step) : JSON.stringify(step));

export const idsOf = ({ jobs }: Pick<Plan, 'jobs'>): string[] => jobs.map(({ id }) => id);
