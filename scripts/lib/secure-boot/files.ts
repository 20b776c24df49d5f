// The signature lists and variable updates of a directory.
import { readdirSync } from 'node:fs';

/** Names of `.esl` and `.auth` files, sorted. */
export const listUefiFiles = (path: string): string[] =>
  readdirSync(path)
    .filter(name => /\.(esl|auth)$/.test(name))
    .sort();
