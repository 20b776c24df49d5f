// Command-line words into options: the table of what each verb takes, wrong words into UsageErrors.
import { delimiter } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './lib/errors.ts';
import { nearest } from './lib/model/nearest.ts';

export type OptionTable = NonNullable<ParseArgsConfig['options']>;

/** Options of every verb. */
export const COMMON = {
  dir: { type: 'string' },
  conf: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  /** main.ts answers it before a verb is loaded. */
  version: { type: 'boolean' },
} as const satisfies OptionTable;

/** What was given, by option name. */
export type Given = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Parses the words after a verb; throws a UsageError with what to type instead. */
export function parseWords(
  verb: string,
  words: readonly string[],
  table: OptionTable,
): { given: Given; positionals: string[] } {
  // node reads each byte that is no UTF-8 as U+FFFD: what has such a name would be another file, or another subject.
  const unread = words.find(word => word.includes('\ufffd'));
  if (unread !== undefined)
    throw new UsageError(
      `"${unread}" is no UTF-8 text (or has the character U+FFFD), and would be read as another one`,
      'give it in UTF-8; a file or folder of such a name has to be renamed',
    );
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: table,
      allowPositionals: true,
      strict: true,
    });
    return { given: values, positionals };
  } catch (error) {
    throw explain(verb, error as NodeJS.ErrnoException, table);
  }
}

function explain(verb: string, error: NodeJS.ErrnoException, table: OptionTable): Error {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) return error;
  const option = /'(-[^' <]*)/.exec(error.message)?.[1] ?? '';
  const help = `"${verb} --help" lists the options`;
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const close = nearest(
      option,
      Object.keys(table).map(name => `--${name}`),
    );
    return new UsageError(`unknown option "${option}"`, close ? `did you mean "${close}"? ${help}` : help);
  }
  return new UsageError(error.message.split('\n')[0]!.replace(/^O/, 'o').replace(/\.$/, ''), help);
}

/** The one string of an option that may be given once. */
export function textOf(given: Given, name: string): string | undefined {
  const value = given[name];
  if (value === '') throw new UsageError(`--${name} is empty`, `give a value, or leave --${name} out`);
  return typeof value === 'string' ? value : undefined;
}

/** The configuration folders of --conf, or of TRUSTME_PKI_CONF where it was not given. */
export function readFolders(conf: Given[string], environment: NodeJS.ProcessEnv): string[] {
  const folders = Array.isArray(conf)
    ? (conf as string[])
    : (environment.TRUSTME_PKI_CONF ?? '').split(delimiter).filter(Boolean);
  if (folders.includes('')) throw new UsageError('--conf is empty', 'give a folder');
  return folders;
}
