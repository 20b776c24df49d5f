// The environment of a command: little of the caller's, nothing of its locale or openssl.cnf.
import type { Command } from '../plan/job.ts';
import { tokenEnvironment } from './token.ts';

/** Where programs, libraries and providers are found, and the clock that test set-ups fake. */
const PASSED_ON = /^(PATH|HOME|TMPDIR|LD_[A-Z_]+|DYLD_[A-Z_]+|OPENSSL_MODULES|OPENSSL_ENGINES|FAKETIME[A-Z_]*)$/;

const passedOn = new WeakMap<NodeJS.ProcessEnv, NodeJS.ProcessEnv>();

/** What every command gets of the caller's environment; looked through once, since that takes a while. */
export function basicEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const known = passedOn.get(environment);
  if (known) return known;
  const passed = Object.entries(environment).filter(([name]) => PASSED_ON.test(name));
  const basic = { ...Object.fromEntries(passed), OPENSSL_CONF: '/dev/null', LC_ALL: 'C', TZ: 'UTC' };
  passedOn.set(environment, basic);
  return basic;
}

/** Secrets are those that the command names. */
export function environmentFor(
  command: Command,
  environment: NodeJS.ProcessEnv,
  secretOf: (variable: string) => string | undefined,
): NodeJS.ProcessEnv {
  const secrets = command.secrets.map(name => [name, secretOf(name)]);
  const ofToken = command.token ? tokenEnvironment(command, command.token, environment, secretOf) : {};
  return { ...basicEnvironment(environment), ...ofToken, ...Object.fromEntries(secrets) };
}
