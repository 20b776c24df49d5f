// A command as a line that can be pasted into a shell.
import type { Command } from './job.ts';

/** One word, quoted for a POSIX shell where it needs it. */
export const quote = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Tool and arguments; secrets appear as the names of their variables only. */
export const commandLine = ({ tool, args }: Command): string => [tool, ...args].map(quote).join(' ');

/** Words of a command line in a message. */
const MOST_WORDS = 60;

/** The same for a message: of thousands of files only the first. */
export function shownCommandLine({ tool, args, ...rest }: Command): string {
  const shown = commandLine({ tool, args: args.slice(0, MOST_WORDS), ...rest });
  return args.length > MOST_WORDS ? `${shown} ... (${args.length - MOST_WORDS} words more)` : shown;
}
