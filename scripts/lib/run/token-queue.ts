// Who uses a token in this process, one after another; a token that refused a PIN is not asked with it again.
import { CommandError } from '../errors.ts';
import { isPinRefused } from './token.ts';

/** The end of each queue, by the path of the module. */
const queues = new Map<string, Promise<unknown>>();
/** The PIN that a token refused last. */
const refusals = new Map<string, { readonly pin: string | undefined; readonly error: CommandError }>();

/** Does some work when everything before it on the same module is done. */
export function inTurn<T>(module: string, work: () => Promise<T>): Promise<T> {
  const result = (queues.get(module) ?? Promise.resolve()).then(work);
  const ended = result.catch(() => {});
  queues.set(module, ended);
  return result;
}

/** Tries a command that logs in to `token`. Tokens lock after a few wrong PINs: one attempt with each, whoever asks. */
export async function tryOnce<T>(token: string, pin: string | undefined, work: () => Promise<T>): Promise<T> {
  const refusal = refusals.get(token);
  if (refusal && refusal.pin === pin) throw refusal.error;
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError && isPinRefused(error.stderr)) refusals.set(token, { pin, error });
    throw error;
  }
}
