// Starts commands. node copies its whole memory map for each process that it starts, which takes as long as openssl
// takes for a certificate; a shell is a hundredth of its size. So it starts one shell for three commands at a time.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { resolve as absolute } from 'node:path';
import { VARIABLE_NAME } from '../model/passphrase.ts';
import type { Command } from '../plan/job.ts';
import { Lane, type Output, type Result, type Streams } from './lane.ts';
import { killWhenAborted } from './process-group.ts';

const SHELL = '/bin/sh';

/** A POSIX shell's descriptors have one digit: three shells, three streams each. */
const LANES = [0, 1, 2];

/** The first shell starts the others, gives them their streams, and closes those for itself. */
const PROLOGUE = (() => {
  const descriptors = LANES.slice(1).flatMap(lane => [3 * lane, 3 * lane + 1, 3 * lane + 2]);
  const closing = descriptors.map(descriptor => `${descriptor}<&-`).join(' ');
  const others = LANES.slice(1).map(lane => `${SHELL} <&${3 * lane} >&${3 * lane + 1} 2>&${3 * lane + 2} ${closing} &`);
  return `trap wait EXIT; ${others.join(' ')} exec ${closing}\n`;
})();

/** How long shells wait for another command, in milliseconds: whoever uses this as a library may never end. */
const PATIENCE = 1000;

/** Those that have shells: one listener closes them all in the end, since node warns of more than ten listeners. */
const open = new Set<Shells>();

const closeAll = (): void => {
  for (const each of open) each.close();
};

export class Shells {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  #started: ChildProcess[] = [];
  #idle: Lane[] = [];
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Starts nothing yet. `environment` is all that commands get, but for their secrets. */
  constructor(environment: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Runs a command in `folder` to its end. Throws what the run was aborted with. */
  async run(
    { tool, args, secrets }: Command,
    folder: string,
    secretOf: (variable: string) => string | undefined,
    output: Output,
  ): Promise<Result> {
    this.#signal.throwIfAborted();
    const words = [tool, ...args];
    // A shell would pass over it.
    if (words.some(word => word.includes('\0'))) throw new TypeError(`an argument of ${tool} holds a NUL`);
    const wrong = secrets.find(name => !VARIABLE_NAME.test(name));
    if (wrong !== undefined) throw new TypeError(`a secret of ${tool} has a name that no variable has: "${wrong}"`);
    const variables = secrets.flatMap(name => {
      const value = secretOf(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const lane = this.#take();
    const result = await lane.run({ folder: absolute(folder), variables, words, output });
    this.#giveBack(lane);
    this.#signal.throwIfAborted();
    return result;
  }

  #take(): Lane {
    clearTimeout(this.#timer);
    this.#idle = this.#idle.filter(({ isOpen }) => isOpen);
    if (this.#idle.length === 0) this.#idle = this.#start();
    this.#busy++;
    return this.#idle.shift()!;
  }

  #giveBack(lane: Lane): void {
    this.#idle.push(lane);
    if (--this.#busy === 0) this.#timer = setTimeout(() => this.close(), PATIENCE).unref();
  }

  #start(): Lane[] {
    const stdio: StdioOptions = LANES.flatMap(() => ['pipe', 'pipe', 'pipe'] as const);
    const shell = spawn(SHELL, [], { cwd: '/', env: this.#environment, stdio, detached: true });
    // That it could not be started is told by its streams: they close. Without a descriptor left node makes none.
    shell.on('error', () => {});
    if (!shell.stdin) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'spawn', path: SHELL });
    killWhenAborted(shell, this.#signal);
    shell.unref();
    shell.stdin.write(PROLOGUE);
    this.#started.push(shell);
    if (open.size === 0) process.once('beforeExit', closeAll);
    open.add(this);
    return LANES.map(lane => new Lane(shell.stdio.slice(3 * lane, 3 * lane + 3) as unknown as Streams));
  }

  /** Lets them end where nothing runs. This process waits for them, so that what they took counts as its own. */
  close(): void {
    for (const lane of this.#idle) lane.close();
    for (const shell of this.#started) shell.ref();
    this.#idle = [];
    this.#started = [];
    open.delete(this);
    if (open.size === 0) process.off('beforeExit', closeAll);
  }
}
