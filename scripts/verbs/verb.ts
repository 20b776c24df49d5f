// What every verb gets, and the end that `generate` and the drop-in door share: run, then print the result.
import { type GenerateOptions, generate } from '../lib/generate/generate.ts';
import { formatOutcome } from '../lib/generate/summary.ts';
import type { VerbHelp } from '../lib/help/completion.ts';
import { makeReport, type Output } from '../lib/run/report.ts';
import type { Given } from '../options.ts';

export interface VerbContext {
  /** The words after the verb. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly stderr: Output;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly controller: AbortController;
  /** Prints a line of the result to stdout; returns the exit code 0. */
  readonly print: (text: string) => number;
  /** Whether a person reads that: stdout is a terminal. */
  readonly isTerminal: boolean;
  /** The help texts of all verbs that people call. */
  readonly helps: () => Promise<readonly VerbHelp[]>;
}

/** Generates and prints the outcome; returns the exit code. */
export async function run(context: VerbContext, given: Given, options: GenerateOptions): Promise<number> {
  const report = makeReport(context.stderr, given.quiet === true);
  try {
    const outcome = await generate(options, report, context.controller);
    report.end();
    if (given.json) return context.print(JSON.stringify({ schema: 1, ...outcome }));
    return given.quiet ? 0 : context.print(formatOutcome(outcome));
  } finally {
    report.end();
  }
}
