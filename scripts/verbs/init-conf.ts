// `trustme-pki init-conf DIR`: a commented configuration folder to start from.
import { resolve } from 'node:path';
import { UsageError } from '../lib/errors.ts';
import { writeStartingPoint } from '../lib/store/starting-point.ts';
import { COMMON, parseWords } from '../options.ts';
import type { VerbContext } from './verb.ts';

const { json, quiet, help, version } = COMMON;

const HELP = `usage: trustme-pki init-conf DIR

Writes a configuration folder with every shipped file as comments: take the comment sign off what you want to change.

  --json     the names of the files as JSON
  --quiet    print nothing but errors

example: trustme-pki init-conf our-conf && trustme-pki plan --conf our-conf`;

export async function initConfVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki init-conf', context.words, { json, quiet, help, version });
  if (given.help) return context.print(HELP);
  const [folder, extra] = positionals;
  if (!folder) throw new UsageError('DIR is missing', 'usage: trustme-pki init-conf DIR');
  if (extra !== undefined) throw new UsageError(`unexpected "${extra}"`, 'usage: trustme-pki init-conf DIR');
  const files = writeStartingPoint(resolve(folder));
  if (given.json) return context.print(JSON.stringify({ schema: 1, folder: resolve(folder), files }));
  return given.quiet
    ? 0
    : context.print(`${folder}: ${files.length} files, all comments; edit them and give --conf ${folder}`);
}
