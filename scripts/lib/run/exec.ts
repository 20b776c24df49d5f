// Runs one command. It gets the folder and the environment that it is given here, nothing of the caller's locale or
// openssl.cnf, no terminal, and no secret but those it names.
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { passphraseValue } from '../model/passphrase.ts';
import type { Command } from '../plan/job.ts';
import { writeNew } from '../store/files.ts';
import { basicEnvironment } from './command-environment.ts';
import { failureInShell } from './failure.ts';
import type { Output } from './lane.ts';
import { Shells } from './shells.ts';

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
  await run(command, job, surroundings, 'ignored');
}

/** The same, and returns what it printed. */
export const readCommand = (command: Command, job: string, surroundings: Surroundings): Promise<string> =>
  run(command, job, surroundings, 'read');

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
  for (const file of [out, log]) writeNew(file, '', 0o600);
  await run(command, job, surroundings, [out, log]);
  return { printed: readFileSync(out, 'utf8'), report: readFileSync(log, 'utf8') };
}

/** What it printed, where that is wanted. */
async function run(command: Command, job: string, surroundings: Surroundings, output: Output): Promise<string> {
  if (command.token) return (await import('./token-command.ts')).runOnToken(command, job, surroundings, output);
  const { folder, secretOf, shells } = surroundings;
  const { status, printed, report } = await shells.run(command, folder, secretOf, output);
  if (status === 0) return printed;
  const said = typeof output === 'string' ? report : `${report}${readFileSync(output[1], 'utf8')}`;
  throw failureInShell(command, job, folder, status, said);
}
