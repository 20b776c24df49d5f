// The errors that a person may meet, each with its exit code. lib throws them; main.ts alone prints them and exits.
// Anything else that is thrown is a bug of ours.

import { explainSystemError } from './system-error.ts';

export abstract class PkiError extends Error {
  abstract readonly exitCode: number;
  /** What to type or edit next; printed after "hint: ". */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** Whether an error is one of these; by its shape, since two bundled files may each have the classes. */
export const isPkiError = (error: unknown): error is PkiError =>
  error instanceof Error && 'exitCode' in error && 'hint' in error;

/** An error that came after `done` had been done, whose hint must not say that nothing was. */
export function afterwards(error: unknown, done: string): unknown {
  const told = isPkiError(error) ? error : explainSystemError(error);
  if (!told) return error;
  const own = told.hint?.replace(/nothing was published; |; nothing was published/, '');
  const hint = [own, done].filter(Boolean).join('; ');
  return isPkiError(error) ? Object.create(error, { hint: { value: hint } }) : new StateError(told.message, hint);
}

/** The command line is wrong: exit 2. */
export class UsageError extends PkiError {
  readonly exitCode = 2;
}

/** The directory, a tool or the machine is not in the state that the work needs: exit 1. */
export class StateError extends PkiError {
  readonly exitCode = 1;
}

/** One mistake in the configuration. Unknown parts are absent. */
export interface ConfigProblem {
  readonly file: string;
  readonly line?: number | undefined;
  readonly section?: string | undefined;
  readonly key?: string | undefined;
  readonly found?: string | undefined;
  readonly expected: string;
  /** The valid name that is closest to the one found. */
  readonly nearest?: string | undefined;
}

/** The configuration has mistakes; all of a run are reported together: exit 1. */
export class ConfigError extends PkiError {
  readonly exitCode = 1;
  readonly problems: readonly ConfigProblem[];

  constructor(found: readonly ConfigProblem[], hint?: string) {
    // A mistake in defaults.ini is met once an entity.
    const problems = inOrder([...new Map(found.map(problem => [describeProblem(problem), problem])).values()]);
    super(problems.map(describeProblem).join('\n'), hint ?? hintFor(problems));
    this.problems = problems;
  }
}

/** Files as they were met, the problems of each by line. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const line = (problem: ConfigProblem) => problem.line ?? Number.POSITIVE_INFINITY;
  return files.flatMap(name => problems.filter(({ file }) => file === name).sort((a, b) => line(a) - line(b) || 0));
}

/** What is shipped stays as it is: a stronger line in a file of one's own takes the place of one of its lines. */
const SHIPPED = /^openssl-conf\//;

function hintFor(problems: readonly ConfigProblem[]): string {
  const [first, ...others] = problems;
  const isShipped = problems.some(({ file }) => SHIPPED.test(file));
  if (others.length > 0)
    return `edit the lines named above${isShipped ? '; for those of openssl-conf, write lines in files of these names in a folder of your own' : ''}`;
  if (first?.nearest) return `did you mean "${first.nearest}"?`;
  if (first?.line === 0) return `give another value with ${first.file}`;
  if (isShipped) return `write a line in ${first!.file.replace(SHIPPED, '')} of a folder of your own`;
  return `edit the ${first?.line ? 'line' : 'file'} named above`;
}

/** An option of the command line stands in no line of a file: its line is 0. */
function describeProblem(problem: ConfigProblem): string {
  const place = problem.line ? `${problem.file}:${problem.line}:` : `${problem.file}:`;
  const section = problem.section ? ` [${problem.section}]` : '';
  const key = problem.key === undefined ? '' : ` ${problem.key}`;
  const colon = section || key ? ':' : '';
  const found = problem.found === undefined ? '' : ` found "${problem.found}",`;
  const nearest = problem.nearest ? ` (nearest: "${problem.nearest}")` : '';
  return printable(`${place}${section}${key}${colon}${found} expected ${problem.expected}${nearest}`);
}

/** The text with control characters made visible, so that a value neither moves the reader's cursor nor turns the line round. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A command failed: exit 1. Carries the job, how it ended, the line to paste and the end of its stderr. */
export class CommandError extends PkiError {
  readonly exitCode = 1;

  constructor(
    readonly job: string,
    readonly ending: string,
    readonly commandLine: string,
    readonly stderr: string,
    hint?: string,
  ) {
    const lines = stderr.trimEnd().split('\n').filter(Boolean).slice(-6);
    const tail = lines.map(line => `\n  | ${printable(line)}`).join('');
    super(
      `job "${job}": ${ending}\n  $ ${commandLine}${tail}`,
      hint ?? 'nothing was published; mend the cause and run again',
    );
  }
}

/** The run was stopped by a signal: exit 128 + its number. */
export class Interrupted extends PkiError {
  readonly exitCode: number;

  constructor(readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`interrupted by ${signal}`, 'nothing was published; run again');
    this.exitCode = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal];
  }
}

export const isInterrupted = (error: unknown): error is Interrupted => isPkiError(error) && 'signal' in error;

/** A program that uses this package stopped the run, with whatever reason: exit code as for SIGINT. */
export class Aborted extends PkiError {
  readonly exitCode = 130;

  constructor(reason: unknown) {
    super(`aborted: ${reason instanceof Error ? reason.message : String(reason)}`, 'nothing was published; run again');
    this.cause = reason;
  }
}
