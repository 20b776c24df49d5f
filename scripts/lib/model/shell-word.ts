// Words for a shell, in what people paste: a path may hold blanks and quotes.

/** One word, quoted for a POSIX shell where it needs it. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
