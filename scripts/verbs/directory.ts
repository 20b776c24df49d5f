// What the verbs that work in a PKI directory share: which directory, and where progress goes.
import { existsSync, statSync } from 'node:fs';
import { type DirectoryOptions, openForWriting } from '../lib/authority/open.ts';
import { StateError, UsageError } from '../lib/errors.ts';
import { passphraseValue, VARIABLE_NAME } from '../lib/model/passphrase.ts';
import { DAYS, wholeNumber } from '../lib/model/whole-number.ts';
import { COMMON, type Given, type OptionTable, readFolders, textOf } from '../options.ts';
import type { VerbContext } from './verb.ts';

export const DIRECTORY_OPTIONS = { ...COMMON, release: { type: 'boolean' } } as const satisfies OptionTable;

export const DIRECTORY_HELP = `  --dir DIR          the PKI directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --json             print the result as JSON
  --quiet            print nothing but errors`;

/** What commands that write take, besides. */
export const RELEASE_HELP = '  --release          write to a directory behind a symbolic link, too';

export function readDirectoryOptions(given: Given, environment: NodeJS.ProcessEnv): DirectoryOptions {
  return {
    dir: textOf(given, 'dir') ?? (environment.TRUSTME_PKI_DIR || 'test_certificates'),
    isReleaseAllowed: given.release === true,
    configurationFolders: readFolders(given.conf, environment),
    environment,
  };
}

/** The directory, to be written to; what is told on the way goes where progress goes. */
export const openToWrite = (context: VerbContext, given: Given) =>
  openForWriting(readDirectoryOptions(given, context.environment), context.controller, noteTo(context, given));

/** Where results go; undefined: where the verb puts them. Throws where it is no folder. */
export function readOutputFolder(given: Given): string | undefined {
  const folder = textOf(given, 'output-dir');
  if (folder === undefined || (existsSync(folder) && statSync(folder).isDirectory())) return folder;
  throw new UsageError(`--output-dir "${folder}" is no folder`, 'make it, or give another one');
}

/** Lines for people. */
export const noteTo =
  ({ stderr }: VerbContext, given: Given) =>
  (text: string): void => {
    if (!given.quiet) stderr.write(`${text}\n`);
  };

/** A whole number of days from 1 on. */
export function readDays(given: Given, name = 'days'): number | undefined {
  const text = textOf(given, name);
  return text === undefined ? undefined : wholeNumber(`--${name}`, text, DAYS);
}

/** One of a list of words, by the option's name. */
export function readWord<Word extends string>(given: Given, name: string, words: readonly Word[]): Word | undefined {
  const text = textOf(given, name);
  if (text === undefined || (words as readonly string[]).includes(text)) return text as Word | undefined;
  throw new UsageError(`unknown --${name} "${text}"`, `give one of ${words.join(', ')}`);
}

/** The variable with the password of a PKCS #12 file, where --password-env names no other. */
export const PASSWORD_VARIABLE = 'TRUSTME_PKI_P12_PASSWORD';

/** Throws where it is not set, or no text: such a file without a password is no use to anybody. */
export function readPasswordVariable(
  given: Given,
  environment: NodeJS.ProcessEnv,
  note: (text: string) => void,
): string {
  const variable = textOf(given, 'password-env') ?? PASSWORD_VARIABLE;
  // What was given may be the password itself: it is not repeated.
  if (!VARIABLE_NAME.test(variable))
    throw new UsageError(
      '--password-env takes the name of an environment variable, not the password: all users of the machine can read that',
      `export it: ${PASSWORD_VARIABLE}=..., and leave --password-env out`,
    );
  const password = environment[variable] && passphraseValue(variable, environment);
  if (password) {
    // RFC 7292 (B.1) has BMPString; PBES2 does not say which encoding, and its readers differ.
    if (/[^\x20-\x7e]/.test(password))
      note(
        `trustme-pki: warning: the password in ${variable} is not ASCII: Java cannot open the PKCS #12 file, and Windows may read another password`,
      );
    return variable;
  }
  throw new StateError(
    `PKCS #12 needs a password, and ${variable} is not set`,
    `export ${variable}, or name another with --password-env`,
  );
}
