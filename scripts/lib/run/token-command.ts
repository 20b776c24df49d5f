// Runs a command that uses a key in a token: by itself, under the lock of the token's module, one at a time.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from '../plan/job.ts';
import { environmentFor } from './command-environment.ts';
import type { Surroundings } from './exec.ts';
import { failureOf, notFound } from './failure.ts';
import type { Output } from './lane.ts';
import { moduleFile, requirePin, underTokenLock, withModule } from './token.ts';
import { requireFit } from './token-fit.ts';
import { type Ask, requireKey, tokenName } from './token-listing.ts';
import { inTurn, tryOnce } from './token-queue.ts';

type Run = (command: Command, job: string, surroundings: Surroundings, output: Output) => Promise<string>;

/** What it printed, where that is wanted. `command` names its token. */
export const runOnToken: Run = (command, job, surroundings, output) => {
  const token = command.token!;
  requirePin(token, surroundings.secretOf);
  const module = moduleFile(token, surroundings.environment);
  const name = tokenName(token, surroundings.environment);
  const ask: Ask = (asked, what) => start(asked, what, surroundings, 'read');
  const work = () =>
    tryOnce(name, surroundings.secretOf(token.pinVariable), async () => {
      if (command.tool !== 'pkcs11-tool') await requireKey(token, surroundings.environment, ask);
      if (command.certificate !== undefined)
        await requireFit(token, resolve(surroundings.folder, command.certificate), surroundings.environment, ask);
      return start(command, job, surroundings, output);
    });
  return surroundings.isTokenLocked ? work() : inTurn(module, work);
};

/** What is really started: a command on a token under its lock. */
function prepared(command: Command, { environment, isTokenLocked }: Surroundings): Command {
  if (!command.token) return command;
  const module = moduleFile(command.token, environment);
  return isTokenLocked ? withModule(command, module) : underTokenLock(withModule(command, module), module);
}

const start: Run = async (command, job, surroundings, output) => {
  const { folder, environment, secretOf, controller } = surroundings;
  const { tool, args } = prepared(command, surroundings);
  const own = environmentFor(command, environment, secretOf);
  const { runProcess } = await import('./process.ts');
  const result = await runProcess(tool, args, { folder, environment: own, output }, controller.signal);
  controller.signal.throwIfAborted();
  if (!result.failed) return result.stdout ?? '';
  if (result.code === 'ENOENT') throw notFound(command.tool);
  const stderr = typeof output === 'string' ? (result.stderr ?? '') : readFileSync(output[1], 'utf8');
  throw failureOf(command, job, folder, { ...result, stderr });
};
