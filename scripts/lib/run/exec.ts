// Runs one command. It gets the folder and the environment that it is given here, nothing of the caller's locale or
// openssl.cnf, no terminal, and no secret but those it names.
import { setMaxListeners } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { passphraseValue } from '../model/passphrase.ts';
import type { Command } from '../plan/job.ts';
import { isByProvider } from '../plan/private-key.ts';
import { basicEnvironment, environmentFor } from './command-environment.ts';
import { failureInShell, failureOf, notFound } from './failure.ts';
import type { Descriptor } from './process.ts';
import { Shells } from './shells.ts';
import { moduleFile, requirePin, underTokenLock, withModule } from './token.ts';
import { type Ask, requireKey, tokenName } from './token-listing.ts';
import { inTurn, tryOnce } from './token-queue.ts';

/** What a run gives to all of its commands. */
export interface Surroundings {
  /** Folder in which relative paths of commands hold. */
  readonly folder: string;
  /** The caller's environment, from which a few variables are passed on. */
  readonly environment: NodeJS.ProcessEnv;
  /** Secrets by variable name. */
  readonly secretOf: (variable: string) => string | undefined;
  /** Aborted by a signal to us, or by the first failure: everything that runs is then killed. */
  readonly controller: AbortController;
  /** Whether the lock of the token is held already by whoever runs the commands. */
  readonly isTokenLocked?: boolean;
  /** Start what needs no token; made for the environment and the controller. */
  readonly shells: Shells;
}

/** Those of a folder: secrets come from the caller's environment. */
export const surroundingsIn = (
  folder: string,
  environment: NodeJS.ProcessEnv,
  controller: AbortController,
): Surroundings => {
  // Each command that runs listens to it.
  setMaxListeners(0, controller.signal);
  const shells = new Shells(basicEnvironment(environment), controller.signal);
  return { folder, environment, secretOf: name => passphraseValue(name, environment), controller, shells };
};

/** Runs a command to its end. Throws a CommandError named after `job` where it fails. */
export async function runCommand(command: Command, job: string, surroundings: Surroundings): Promise<void> {
  await (command.token ? run(command, job, surroundings, 'ignore') : runInShell(command, job, surroundings, false));
}

/** What a command printed, and what it reported: stdout and stderr. */
export interface Spoken {
  readonly printed: string;
  readonly report: string;
}

/** The same for a command that says a lot: what it prints goes to the new files PATH.out and PATH.log, past this process. */
export async function runLogged(
  command: Command,
  job: string,
  surroundings: Surroundings,
  path: string,
): Promise<Spoken> {
  const [out, log] = [`${path}.out`, `${path}.log`];
  const [printed, said] = [openSync(out, 'wx', 0o600), openSync(log, 'wx', 0o600)];
  const read = (file: string) => readFileSync(file, 'utf8');
  try {
    await run(command, job, surroundings, printed as Descriptor, {
      descriptor: said as Descriptor,
      read: () => read(log),
    });
  } finally {
    closeSync(printed);
    closeSync(said);
  }
  return { printed: read(out), report: read(log) };
}

/** The same, and returns what it printed. */
export async function readCommand(command: Command, job: string, surroundings: Surroundings): Promise<string> {
  if (!command.token) return runInShell(command, job, surroundings, true);
  return (await run(command, job, surroundings, 'pipe')) ?? '';
}

/** What it printed. */
async function runInShell(command: Command, job: string, surroundings: Surroundings, isRead: boolean): Promise<string> {
  const { folder, secretOf, shells } = surroundings;
  const { status, printed, report } = await shells.run(command, folder, secretOf, isRead);
  if (status === 0) return printed;
  throw failureInShell(command, job, folder, status, report);
}

interface Log {
  readonly descriptor: Descriptor;
  read(): string;
}

type Run = (
  command: Command,
  job: string,
  surroundings: Surroundings,
  stdout: 'ignore' | 'pipe' | Descriptor,
  log?: Log,
) => Promise<string | undefined>;

const run: Run = (command, job, surroundings, stdout, log) => {
  const { token } = command;
  if (!token) return start(command, job, surroundings, stdout, log);
  requirePin(token, surroundings.secretOf);
  const module = moduleFile(token, surroundings.environment);
  const name = tokenName(token, surroundings.environment);
  const ask: Ask = async (asked, what) => (await start(asked, what, surroundings, 'pipe')) ?? '';
  const work = () =>
    tryOnce(name, async () => {
      if (isByProvider(command)) await requireKey(token, surroundings.environment, ask);
      return start(command, job, surroundings, stdout, log);
    });
  return surroundings.isTokenLocked ? work() : inTurn(module, work);
};

/** What is really started: a command on a token under its lock. */
function prepared(command: Command, { environment, isTokenLocked }: Surroundings): Command {
  if (!command.token) return command;
  const module = moduleFile(command.token, environment);
  return isTokenLocked ? withModule(command, module) : underTokenLock(withModule(command, module), module);
}

const start: Run = async (command, job, surroundings, stdout, log) => {
  const { folder, environment, secretOf, controller } = surroundings;
  const { tool, args } = prepared(command, surroundings);
  const setting = {
    folder,
    environment: environmentFor(command, environment, secretOf),
    stdout,
    stderr: log?.descriptor ?? 'pipe',
  } as const;
  // execa is loaded where it is needed: most commands do without.
  const { runProcess } = await import('./process.ts');
  const result = await runProcess(tool, args, setting, controller.signal);
  controller.signal.throwIfAborted();
  if (!result.failed) return result.stdout as string | undefined;
  if (result.code === 'ENOENT') throw notFound(command.tool);
  const stderr = log?.read() ?? (result.stderr as string | undefined) ?? '';
  throw failureOf(command, job, folder, { ...result, stderr });
};
