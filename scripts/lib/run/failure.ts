// Why a command failed, in plain words.
import { existsSync, statfsSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { CommandError, type PkiError, StateError } from '../errors.ts';
import type { Command } from '../plan/job.ts';
import { shownCommandLine } from '../plan/shell.ts';
import { tokenHintFor } from './token.ts';

/** How a command ended that did not succeed. */
export interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Why it could not be started. */
  readonly shortMessage?: string | undefined;
  /** Whether the shell that ran it ended. */
  readonly isLost?: boolean;
  /** What it reported. */
  readonly stderr: string;
}

/** The error of a command that `job` ran in `folder`. */
export function failureOf(command: Command, job: string, folder: string, ending: Ending): PkiError {
  const { exitCode, stderr } = ending;
  // Not looked for before: whoever opens a CA need not use its key, as revoke does not.
  const unset = /^No environment variable (\w+)$/m.exec(stderr)?.[1];
  if (unset !== undefined && command.secrets.includes(unset))
    return new StateError(`"${job}" needs the secret in ${unset}, which is not set`, `export ${unset}`);
  const ofToken = command.token && tokenHintFor(exitCode, stderr);
  const hint =
    ofToken ?? hintFor(stderr) ?? hintOfKey(command, stderr) ?? hintOfDisk(folder) ?? hintOfDisk(resolve(tmpdir()));
  return new CommandError(job, describe(ending), shownCommandLine(command), stderr, hint);
}

export const notFound = (tool: string): PkiError =>
  new StateError(`${tool} was not found`, 'install it, or put it on PATH');

function describe({ exitCode, signal, shortMessage, isLost }: Ending): string {
  if (isLost) return 'was lost with the shell that ran it';
  if (exitCode !== undefined) return `exited with ${exitCode}`;
  return signal ? `was killed by ${signal}` : `could not be started (${shortMessage ?? 'no reason given'})`;
}

/** What a shell says where there is no such tool (POSIX, 2.8.2). */
const NOT_FOUND = 127;

/** The error of a command that ended with `status` in a shell; undefined: the shell ended, too. */
export function failureInShell(
  command: Command,
  job: string,
  folder: string,
  status: number | undefined,
  stderr: string,
): PkiError {
  if (status === NOT_FOUND && /: (command |inaccessible or )?not found\s*$/.test(stderr)) return notFound(command.tool);
  return failureOf(command, job, folder, status === undefined ? { isLost: true, stderr } : endingOf(status, stderr));
}

/** A shell's `$?`: 128 and the number of the signal that killed the command, or its exit code. */
function endingOf(status: number, stderr: string): Ending {
  const [signal] = Object.entries(constants.signals).find(([, number]) => status === 128 + number) ?? [];
  return signal === undefined ? { exitCode: status, stderr } : { signal, stderr };
}

const DISK_IS_FULL = 'the disk is full: make room and run again; nothing was published';

/** The temporary folder may lie on another disk than what is worked on. */
const fullDisk = (folder: string): string =>
  folder === resolve(tmpdir()) ? DISK_IS_FULL.replace('disk', `disk of "${folder}"`) : DISK_IS_FULL;

/** Not every tool says that it could not write; less than a few blocks left says it for it. */
export function hintOfDisk(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  return bavail * bsize < 32_768 || (files > 0 && ffree === 0) ? fullDisk(folder) : undefined;
}

const NAMED = 'set the variable that the command names, or give the configuration that names another: --conf FOLDER';

/** With one wrong passphrase of 256 the padding fits by chance, and what comes out is no key. */
const hintOfKey = ({ secrets }: Command, stderr: string): string | undefined =>
  secrets.length > 0 && /No supported data to decode/.test(stderr)
    ? `the passphrase is wrong, or the key is damaged: ${NAMED}`
    : undefined;

/** Well-known causes. */
function hintFor(stderr: string): string | undefined {
  if (/No space left on device/i.test(stderr)) return DISK_IS_FULL;
  if (/bad decrypt|maybe wrong password|pkcs12 cipherfinal error/i.test(stderr))
    return `the passphrase is wrong: ${NAMED}`;
  return undefined;
}
