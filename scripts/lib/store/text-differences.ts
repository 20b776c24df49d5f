// What the openssl configuration of an entity says otherwise than the one that lies in the directory.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyingSections, otherProfiles, readSections } from './configuration-text.ts';
import { readContained } from './contained-file.ts';
import type { Difference } from './differences.ts';
import { configurationFile } from './names.ts';

/** Where its key is may have changed: by which road a token is reached. */
const OF_KEY = '[authority] private_key';

/** Lines `[section] key` of it, and what openssl cannot be told of the profiles of a CA; empty where none lies in the directory. */
export function textDifferences(path: string, stem: string, planned: string): Difference[] {
  const file = configurationFile(stem);
  if (!existsSync(join(path, file))) return [];
  const [there, wanted] = [linesOf(readContained(path, file).toString('utf8')), linesOf(planned)];
  return [...new Set([...there.keys(), ...wanted.keys()])]
    .map(key => ({ key, is: there.get(key) ?? '', should: wanted.get(key) ?? '' }))
    .filter(({ key, is, should }) => is !== should && key !== OF_KEY);
}

const linesOf = (text: string): ReadonlyMap<string, string> =>
  new Map([
    ...[...readSections(text)].flatMap(([section, lines]) =>
      [...lines].map(([key, value]): [string, string] => [`[${section}] ${key}`, value]),
    ),
    ['[authority] copy', copyingSections(text)?.join(' ') ?? ''],
    ...otherProfiles(text).map((options): [string, string] => {
      const [, section = '', times = ''] = /^-extensions (\S+) ?(.*)$/.exec(options) ?? [];
      return [`[${section}] options`, times];
    }),
  ]);
