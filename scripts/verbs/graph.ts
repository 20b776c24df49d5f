// `trustme-pki graph`: a picture of the configuration, or of a directory.
import { UsageError } from '../lib/errors.ts';
import { formatterOf } from '../lib/graph/format.ts';
import { pictureOfConfiguration } from '../lib/graph/from-configuration.ts';
import type { Picture } from '../lib/graph/picture.ts';
import { verifiedPicture } from '../lib/graph/verified.ts';
import { parseKeyType } from '../lib/model/key-type.ts';
import { shellWord } from '../lib/model/shell-word.ts';
import { writeOutput } from '../lib/store/output-file.ts';
import { readSettings } from '../lib/store/settings.ts';
import { COMMON, type Given, type OptionTable, parseWords, readFolders, textOf } from '../options.ts';
import type { VerbContext } from './verb.ts';

const TEXT = { type: 'string' } as const;
const OPTIONS: OptionTable = { ...COMMON, format: TEXT, output: TEXT, brand: TEXT, 'key-type': TEXT };

const HELP = `usage: trustme-pki graph [--dir DIR] [options]

Draws the PKI that the configuration describes, or the one that a directory holds, with what "verify" finds.

  --dir DIR        a PKI directory, whoever made it (without it: the configuration)
  --format F       tree (default), mermaid, svg, or html: a report in one file
  --output FILE    write to a file, in place of a regular one that is there (default: stdout)
  --conf DIR       a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --brand B, --key-type T   as with "generate"; of the configuration only
  --json           print what the picture shows as JSON
  --quiet          do not say what was written`;

export async function graphVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki graph', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  if (positionals.length > 0)
    throw new UsageError(
      `unexpected "${positionals[0]}"`,
      `the directory is an option: --dir ${shellWord(positionals[0]!)}`,
    );
  const [output, format] = [textOf(given, 'output'), formatterOf(textOf(given, 'format'), given.json === true)];
  const isColoured = !output && context.isTerminal && !context.environment.NO_COLOR;
  const text = await format(await readPicture(given, context), isColoured);
  if (output === undefined) return context.print(text);
  writeOutput(output, `${text}\n`, () => false);
  if (!given.quiet) context.stderr.write(`trustme-pki: wrote ${output}\n`);
  return 0;
}

async function readPicture(given: Given, { environment, controller }: VerbContext): Promise<Picture> {
  const clock = { now: new Date(), soonDays: 30 };
  const [dir, brand, keyType] = [textOf(given, 'dir'), textOf(given, 'brand'), textOf(given, 'key-type')];
  if (dir === undefined) {
    const overrides = { brand, keyType: keyType === undefined ? undefined : parseKeyType(keyType), now: clock.now };
    return pictureOfConfiguration(readSettings(readFolders(given.conf, environment), overrides).configuration, clock);
  }
  if (brand !== undefined || keyType !== undefined)
    throw new UsageError('--brand and --key-type say nothing of a directory', 'leave them out, or leave out --dir');
  return verifiedPicture(dir, clock, environment, controller);
}
