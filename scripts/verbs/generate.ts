// `trustme-pki generate`: make the PKI, or add the UEFI keys and exports that it lacks.
import { availableParallelism } from 'node:os';
import { UsageError } from '../lib/errors.ts';
import type { GenerateOptions } from '../lib/generate/generate.ts';
import { parseKeyType } from '../lib/model/key-type.ts';
import { shellWord } from '../lib/model/shell-word.ts';
import { JOBS, wholeNumber } from '../lib/model/whole-number.ts';
import { COMMON, type Given, type OptionTable, parseWords, readFolders, textOf } from '../options.ts';
import { run, type VerbContext } from './verb.ts';

export const GENERATE_OPTIONS = {
  ...COMMON,
  'key-type': { type: 'string' },
  'platform-keys': { type: 'boolean' },
  brand: { type: 'string' },
  jobs: { type: 'string' },
  'force-weak': { type: 'boolean' },
  'generate-token-keys': { type: 'boolean' },
  rehearse: { type: 'boolean' },
} as const satisfies OptionTable;

export const GENERATE_HELP = `usage: trustme-pki generate [options]

Makes the PKI. To one that is there it adds derived exports that are missing and, with --platform-keys, the UEFI keys:
no other entity ("trustme-pki plan --diff" lists what differs). Nothing is ever overwritten.

  --dir DIR          the PKI directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --key-type T       rsa:BITS, ec:CURVE, or an algorithm such as ed25519 (default rsa:4096)
  --platform-keys    also make the UEFI keys PK, KEK and DB (needs efitools)
  --brand B          the name before each common name (default trustme)
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --jobs N           commands side by side (default: one a processor)
  --force-weak       allow keys that are too short, for tests
  --generate-token-keys
                     make keys that are to be in a token and are not there yet
  --rehearse         make everything first with keys that are thrown away, and verify that; what is made then has to
                     be the same but for key, serial number and time
  --json             print the result as JSON
  --quiet            print nothing but errors`;

/** The options that `generate` and the drop-in door share. */
export function readGenerateOptions(given: Given, environment: NodeJS.ProcessEnv): GenerateOptions {
  const [keyType, jobs] = [textOf(given, 'key-type'), textOf(given, 'jobs')];
  return {
    outDir: (given.dir as string | undefined) ?? (environment.TRUSTME_PKI_DIR || 'test_certificates'),
    keyType: keyType === undefined ? undefined : parseKeyType(keyType),
    hasPlatformKeys: given['platform-keys'] === true,
    brand: textOf(given, 'brand'),
    isWeakForced: given['force-weak'] === true,
    mayGenerateInTokens: given['generate-token-keys'] === true,
    isRehearsed: given.rehearse === true,
    width: jobs === undefined ? availableParallelism() : wholeNumber('--jobs', jobs, JOBS),
    configurationFolders: readFolders(given.conf, environment),
    environment,
  };
}

export async function generateVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki generate', context.words, GENERATE_OPTIONS);
  if (given.help) return context.print(GENERATE_HELP);
  if (positionals.length > 0)
    throw new UsageError(
      `unexpected "${positionals[0]}"`,
      `the directory is an option: --dir ${shellWord(positionals[0]!)}`,
    );
  return run(context, given, readGenerateOptions(given, context.environment));
}
