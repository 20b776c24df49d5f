// Which variable holds the passphrase of a key. Passphrases travel as names of environment variables only; the
// development set-up of the reference has published values, which stand in where nobody sets the variable.

import { StateError } from '../errors.ts';

/** Names that a shell and a tool take for a variable; another one would be read as code, or as a command. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The values that the shipped development set-up of the reference uses: no secrets. */
const DEVELOPMENT_PASSPHRASES: Readonly<Record<string, string>> = {
  GYROIDOS_TEST_PASSWD_PKI: 'test1234',
  TRUSTME_TEST_PASSWD_PKI: 'test1234',
};

/** The values, which everybody knows. */
export const PUBLISHED_PASSPHRASES: readonly string[] = [...new Set(Object.values(DEVELOPMENT_PASSPHRASES))];

const hasDevelopmentValue = (name: string): boolean => Object.hasOwn(DEVELOPMENT_PASSPHRASES, name);

/** The first of `names` that is set and not empty, else the first with a development value; undefined: none. */
export function choosePassphraseVariable(
  names: readonly string[],
  isSet: (name: string) => boolean,
): string | undefined {
  return names.find(isSet) ?? names.find(hasDevelopmentValue);
}

/**
 * The variable's value, or its development value where it is not set. Throws a StateError where it is no UTF-8: Node.js
 * reads each such byte as U+FFFD, so that other secrets would open what is encrypted, and the one that was given would not.
 */
export function passphraseValue(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const value = environment[name] || (hasDevelopmentValue(name) ? DEVELOPMENT_PASSPHRASES[name] : undefined);
  if (value?.includes('\ufffd'))
    throw new StateError(
      `the secret in ${name} is no UTF-8 text (or has the character U+FFFD), and would be read as another one`,
      `export ${name} in UTF-8; where a key has such a passphrase, give it another one with "openssl pkey -aes256"`,
    );
  return value;
}
