// Runs commands one after another in a shell of its own. node copies its whole memory map for each process that it
// starts, which takes as long as openssl takes for a certificate; a shell is a hundredth of its size. Words reach it by
// its standard input, each in quotes, secrets too: nothing of a command stands in an argument list but its own words.
import { randomBytes } from 'node:crypto';
import type { Command } from '../plan/job.ts';
import { basicEnvironment } from './command-environment.ts';
import type { Surroundings } from './exec.ts';
import { type Ending, endingOf, failureOf, notFound } from './failure.ts';
import { startProcess } from './process.ts';

/** What the shell says where there is no such tool (POSIX, 2.8.2). */
const NOT_FOUND = 127;

/** What follows the mark: the exit code. */
const ENDED = /^ (\d+);/;

interface Turn {
  readonly command: Command;
  readonly job: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type Shell = ReturnType<typeof startProcess>;

export class Launcher {
  readonly #surroundings: Surroundings;
  /** Ends what a command reported; none of them knows it. */
  readonly #mark = randomBytes(12).toString('hex');
  #shell: Shell | undefined;
  #report = '';
  #turn: Turn | undefined;

  /** Starts nothing yet. */
  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Runs a command to its end. Throws a CommandError named after `job` where it fails. */
  run(command: Command, job: string): Promise<void> {
    this.#surroundings.controller.signal.throwIfAborted();
    this.#shell ??= this.#start();
    const { stdin } = this.#shell;
    return new Promise((resolve, reject) => {
      this.#turn = { command, job, resolve, reject };
      stdin!.write(this.#lineOf(command));
    });
  }

  /** Lets the shell end. */
  async close(): Promise<void> {
    this.#shell?.stdin?.end();
    await this.#shell;
  }

  #start(): Shell {
    const { folder, environment, controller } = this.#surroundings;
    const streams = { stdin: 'pipe', stdout: 'ignore', stderr: 'pipe', isKept: false } as const;
    const setting = { folder, environment: basicEnvironment(environment), ...streams };
    const shell = startProcess('/bin/sh', [], setting, controller.signal);
    shell.stderr!.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    // That it is gone is told when it ends.
    shell.stdin!.on('error', () => {});
    shell.then(ended => this.#lose(ended));
    return shell;
  }

  #lineOf({ tool, args, secrets }: Command): string {
    const { secretOf } = this.#surroundings;
    const given = secrets.flatMap(name => {
      const value = secretOf(name);
      return value === undefined ? [] : [`${name}=${literal(value)}`];
    });
    const words = [...given, ...[tool, ...args].map(literal)].join(' ');
    return `${words} </dev/null >/dev/null; printf '%s %s;' ${this.#mark} $? >&2\n`;
  }

  #hear(text: string): void {
    this.#report += text;
    const end = this.#report.indexOf(this.#mark);
    const [whole, digits] = (end < 0 ? undefined : ENDED.exec(this.#report.slice(end + this.#mark.length))) ?? [];
    if (whole === undefined || !this.#turn) return;
    const status = Number(digits);
    const stderr = this.#report.slice(0, end);
    const { command, job, resolve, reject } = this.#turn;
    this.#report = this.#report.slice(end + this.#mark.length + whole.length);
    this.#turn = undefined;
    if (status === 0) resolve();
    else if (status === NOT_FOUND && /: (command )?not found\s*$/.test(stderr)) reject(notFound(command.tool));
    else reject(failureOf(command, job, this.#surroundings.folder, endingOf(status, stderr)));
  }

  /** The shell ended: the command that ran fails, the next one gets another shell. */
  #lose(ended: Pick<Ending, 'exitCode' | 'signal' | 'shortMessage'>): void {
    this.#shell = undefined;
    if (!this.#turn) return;
    const { command, job, reject } = this.#turn;
    this.#turn = undefined;
    const { folder, controller } = this.#surroundings;
    const { aborted, reason } = controller.signal;
    reject(aborted ? reason : failureOf(command, job, folder, { ...ended, stderr: this.#report }));
    this.#report = '';
  }
}

/** One word that a POSIX shell reads as it is. */
const literal = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
