// `trustme-pki plan`: the jobs of `generate` and their command lines, as a shell script. It runs nothing.
import { resolve } from 'node:path';
import { printableLines, UsageError } from '../lib/errors.ts';
import { compareDirectory, formatComparison } from '../lib/generate/compare.ts';
import { prepare } from '../lib/generate/prepare.ts';
import { isWellKnown } from '../lib/model/key-type.ts';
import { shellWord } from '../lib/model/shell-word.ts';
import { jobShell, scriptOf } from '../lib/plan/script.ts';
import { tokenSettings } from '../lib/store/templates.ts';
import { parseWords } from '../options.ts';
import { GENERATE_OPTIONS, readGenerateOptions } from './generate.ts';
import type { VerbContext } from './verb.ts';

const { jobs: _, rehearse: __, ...SHARED } = GENERATE_OPTIONS;
const OPTIONS = { ...SHARED, diff: { type: 'boolean' } } as const;

const HELP = `usage: trustme-pki plan [options]

Prints every job of "generate" in order, what it needs and makes, and its command line, as a shell script that can be
pasted or run by hand. Passphrases appear as names of variables. Nothing is run, read from or written to a directory.

  --diff             what differs between the configuration and the PKI directory
  --dir DIR          that directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --key-type T       rsa:BITS, ec:CURVE, or an algorithm such as ed25519
  --platform-keys    the UEFI keys PK, KEK and DB too
  --brand B          the name before each common name
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --force-weak       allow keys that are too short, for tests
  --generate-token-keys
                     keys that a token lacks are made there
  --json             the jobs, or the differences, as JSON
  --quiet            print the jobs alone, no notes

example: trustme-pki plan --key-type ec:secp384r1 >plan.sh && mkdir -m 700 pki && cd pki && GYROIDOS_TEST_PASSWD_PKI=test1234 sh ../plan.sh`;

export async function planVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki plan', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  if (positionals.length > 0)
    throw new UsageError(
      `unexpected "${positionals[0]}"`,
      `a directory is an option: --diff --dir ${shellWord(positionals[0]!)}`,
    );
  const options = readGenerateOptions(given, context.environment);
  if (given.diff) {
    // Nothing is made: whether it could be made here does not matter.
    const comparisons = compareDirectory(options.outDir, await prepare(options, () => false), options.hasPlatformKeys);
    if (given.json)
      return context.print(JSON.stringify({ schema: 1, directory: resolve(options.outDir), comparisons }));
    return context.print(printableLines(formatComparison(options.outDir, comparisons)));
  }
  const prepared = await prepare(options, ({ variable }) => options.hasPlatformKeys || !variable);
  const { plan, inputs } = prepared;
  const asked = prepared.made.some(({ keyType }) => !isWellKnown(keyType))
    ? ['only "generate" asks the installed openssl whether it can make such keys']
    : [];
  const notes = given.quiet ? [] : [...prepared.notes, ...asked];
  if (!given.json) {
    const settings = tokenSettings();
    const title = `trustme-pki ${inputs.version}: the plan of a PKI`;
    return context.print(scriptOf(plan, title, notes, settings).trimEnd());
  }
  const jobs = plan.jobs.map(job => ({ ...job, shell: jobShell(job) }));
  return context.print(JSON.stringify({ schema: 1, notes, folders: plan.folders, jobs }));
}
