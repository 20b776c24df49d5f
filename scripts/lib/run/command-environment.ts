// The environment of a command: little of the caller's, nothing of its locale, its openssl.cnf or what the machine trusts.
import type { Command } from '../plan/job.ts';
import { tokenEnvironment } from './token.ts';

/** Where programs, libraries and providers are found, and the clock that test set-ups fake. */
const PASSED_ON = /^(PATH|HOME|TMPDIR|LD_[A-Z_]+|DYLD_[A-Z_]+|OPENSSL_MODULES|OPENSSL_ENGINES|FAKETIME[A-Z_]*)$/;

/**
 * No CA of the machine's trust store: a verification by one CA (-CAfile) would take theirs too, and "openssl x509" reads
 * all of them each time. Such a file and folder hold none.
 */
const NO_TRUST_STORE = { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/dev/null' };

const passedOn = new WeakMap<NodeJS.ProcessEnv, NodeJS.ProcessEnv>();

/** What every command gets of the caller's environment; looked through once, since that takes a while. */
export function basicEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const known = passedOn.get(environment);
  if (known) return known;
  const passed = Object.entries(environment).filter(([name]) => PASSED_ON.test(name));
  const basic = { ...Object.fromEntries(passed), ...NO_TRUST_STORE, OPENSSL_CONF: '/dev/null', LC_ALL: 'C', TZ: 'UTC' };
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
