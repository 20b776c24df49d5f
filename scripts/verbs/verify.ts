// `trustme-pki verify [DIR]`: is the directory sound? Exit 0 where it is, 1 with findings.
import { resolve } from 'node:path';
import { isSound } from '../lib/check/finding.ts';
import { formatFindings, formatJson } from '../lib/check/report.ts';
import { verifyDirectory } from '../lib/check/verify.ts';
import { UsageError } from '../lib/errors.ts';
import { EARLY_DAYS, wholeNumber } from '../lib/model/whole-number.ts';
import { COMMON, type Given, type OptionTable, parseWords, textOf } from '../options.ts';
import { readGenerateOptions } from './generate.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...COMMON,
  'expires-within': { type: 'string' },
  production: { type: 'boolean' },
} as const satisfies OptionTable;

const HELP = `usage: trustme-pki verify [DIR] [options]

Asks whether a PKI directory is sound, whoever made it: keys, certification paths, validity, UEFI lists and updates,
exports, modes, CA databases, and what does not belong there. It only reads. Exit 0: sound, 1: errors or warnings.

  DIR, --dir DIR         the PKI directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --expires-within DAYS  warn of certificates that expire in so many days (default 30)
  --production           a development PKI is an error: keys in files, known passphrases, short keys, localhost
  --conf DIR             a configuration folder of your own, repeatable (TRUSTME_PKI_CONF); where it is given, the
                         directory is compared with it
  --json                 print the findings as JSON
  --quiet                print no findings: the exit code alone

docs/verify.md tells what each finding means.`;

const DEFAULT_DAYS = 30;

export async function verifyVerb({ words, environment, controller, print }: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki verify', words, OPTIONS);
  if (given.help) return print(HELP);
  const { outDir, configurationFolders } = readGenerateOptions(withDir(given, positionals), environment);
  const options = {
    expiresWithinDays: wholeNumber('--expires-within', textOf(given, 'expires-within') ?? DEFAULT_DAYS, EARLY_DAYS),
    environment,
    configurationFolders,
    isProduction: given.production === true,
  };
  const findings = await verifyDirectory(outDir, options, controller);
  if (given.json) print(formatJson(resolve(outDir), findings));
  else if (!given.quiet) print(formatFindings(outDir, findings));
  return isSound(findings) ? 0 : 1;
}

function withDir(given: Given, [dir, extra]: readonly string[]): Given {
  if (extra !== undefined) throw new UsageError(`unexpected "${extra}"`, 'give one DIR');
  if (dir === undefined) return given;
  if (given.dir !== undefined) throw new UsageError('DIR is given twice', `leave out --dir, or "${dir}"`);
  return { ...given, dir };
}
