// `trustme-pki VERB`: the verb table, the exit code and the only catch of what verbs throw.
import { Interrupted, isPkiError, printable, StateError, UsageError } from './lib/errors.ts';
import type { Output } from './lib/run/report.ts';
import { explainSystemError, systemReason } from './lib/system-error.ts';
import { listed, readHelps, VERBS } from './verb-table.ts';
import type { VerbContext } from './verbs/verb.ts';

const help = (): string => `usage: trustme-pki VERB [options]

${listed()
  .map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

"trustme-pki VERB --help" lists a verb's options; "--version" anywhere prints the version.
The drop-in scripts gen_dev_certs.sh [OUT_DIR [KEY_TYPE]] and cml_gen_dev_certs DIR [KEY_TYPE] do what "generate" does.`;

async function unknownVerb(verb: string): Promise<never> {
  const { nearest } = await import('./lib/model/nearest.ts');
  const close = nearest(verb, [...listed().map(([name]) => name), '--version', '--help']);
  throw new UsageError(
    `unknown verb "${verb}"`,
    close ? `did you mean "${close}"?` : '"trustme-pki --help" lists the verbs',
  );
}

/** No value of an option looks like an option; what follows "--" may. */
const asksForVersion = (words: readonly string[]): boolean =>
  words.includes('--version') && !words.slice(0, words.indexOf('--version')).includes('--');

/** What a command line has around it. */
interface Surroundings extends Pick<VerbContext, 'environment' | 'stderr' | 'controller'> {
  readonly stdout: Output;
}

async function main([verb, ...rest]: readonly string[], { stdout, ...context }: Surroundings): Promise<number> {
  const print = (text: string): number => {
    stdout.write(`${text}\n`);
    return 0;
  };
  if (verb === undefined)
    throw new UsageError('no verb was given', 'trustme-pki generate; "trustme-pki --help" lists the verbs');
  if (verb === '--help' || verb === '-h' || verb === 'help') return print(help());
  const entry = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!entry && verb !== '--version') return unknownVerb(verb);
  if (!entry || asksForVersion(rest)) return print((await import('./lib/store/package.ts')).packageVersion());
  return (await entry.load())({ ...context, words: rest, print, isTerminal: stdout.isTTY === true, helps: readHelps });
}

/** Prints an error; returns its exit code. */
function explain(error: unknown, stderr: VerbContext['stderr']): number {
  const fail = (message: string, hint?: string) =>
    stderr.write(`trustme-pki: error: ${message}\n${hint ? `trustme-pki: hint: ${hint}\n` : ''}`);
  if (isPkiError(error)) {
    fail(error.message, error.hint);
    return error.exitCode;
  }
  const told = explainSystemError(error);
  if (told) {
    fail(printable(told.message), told.hint);
    return 1;
  }
  fail(
    `this is a bug of trustme-pki: ${error instanceof Error ? error.stack : String(error)}`,
    'report it with the lines above',
  );
  return 1;
}

const lostOutput = ({ code }: NodeJS.ErrnoException): StateError =>
  new StateError(
    `cannot write to standard output: ${systemReason(code)}`,
    'the work itself is done; only what it prints was lost',
  );

/** Runs one command line to its end, in this process's working directory; returns its exit code. */
export const commandLine = (words: readonly string[], surroundings: Surroundings): Promise<number> =>
  main(words, surroundings).catch(error => explain(error, surroundings.stderr));

/** Runs the command line of this process, whose exit code is set when all is printed. */
export function runProcess({ argv, env: environment, stdout, stderr }: NodeJS.Process): void {
  // Files get the modes of the contract whatever the caller's umask is; private keys are 0600 all the same.
  process.umask(0o022);
  const controller = new AbortController();
  const abortOn = (signal: Interrupted['signal']) =>
    process.once(signal, () => controller.abort(new Interrupted(signal)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) abortOn(signal);
  // The door says that nohup, or whoever started it, ignores hangups: node itself ignores none.
  if (environment.TRUSTME_PKI_NOHUP === 'y') process.on('SIGHUP', () => {});
  else abortOn('SIGHUP');
  // A reader that closed our output early (head, grep -q) has all that it wanted; that progress cannot be told stops no work.
  let unwritten: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') unwritten ??= error;
  });
  stderr.on('error', () => {});
  // Until the work is done there is no success to tell, even if nothing is left to wait for.
  const ended = () => {
    process.exitCode = explain(new Error('it ended before its work was done'), stderr);
  };
  process.once('beforeExit', ended);
  commandLine(argv.slice(2), { environment, stdout, stderr, controller }).then(code => {
    process.off('beforeExit', ended);
    process.exitCode = code;
    // Only now is it known whether the last words arrived.
    process.once('beforeExit', () => {
      if (unwritten && process.exitCode === 0) process.exitCode = explain(lostOutput(unwritten), stderr);
    });
  });
}
