// A command as a line that can be pasted into a shell.
import type { Command } from './job.ts';

/** One word, quoted for a POSIX shell where it needs it. */
export const quote = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Tool and arguments; secrets appear as the names of their variables only. */
export const commandLine = ({ tool, args }: Command): string => [tool, ...args].map(quote).join(' ');
