// A command as a line that can be pasted into a shell.
import { shellWord } from '../model/shell-word.ts';
import { MODULE_VARIABLE, PIN_VARIABLE } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import type { Command } from './job.ts';

/** One word, quoted for a POSIX shell where it needs it; the variable with the module stays one. */
export const quote = (word: string): string => (word === `$${MODULE_VARIABLE}` ? `"${word}"` : shellWord(word));

/** Tool and arguments; secrets appear as the names of their variables only. */
export const commandLine = ({ tool, args, token }: Command): string =>
  [...(token ? variablesOf(tool, token) : []), ...[tool, ...args].map(quote)].join(' ');

/** What a command that uses a token finds in its environment. */
const variablesOf = (tool: string, { module, pinVariable }: TokenKey): string[] => [
  ...(module === undefined ? [] : [`PKCS11_MODULE_PATH=${quote(module)}`]),
  ...(tool === 'openssl' || tool === 'pkcs11-tool' || pinVariable === PIN_VARIABLE
    ? []
    : [`${PIN_VARIABLE}="$${pinVariable}"`]),
];

/** Words of a command line in a message. */
const MOST_WORDS = 60;

/** The same for a message: of thousands of files only the first. */
export function shownCommandLine({ tool, args, ...rest }: Command): string {
  const shown = commandLine({ tool, args: args.slice(0, MOST_WORDS), ...rest });
  return args.length > MOST_WORDS ? `${shown} ... (${args.length - MOST_WORDS} words more)` : shown;
}
