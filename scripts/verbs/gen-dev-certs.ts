// The drop-in door: `gen_dev_certs.sh [OUT_DIR [KEY_TYPE]]` and `cml_gen_dev_certs DIR [KEY_TYPE]`, with the
// environment variables that their callers set.
import { UsageError } from '../lib/errors.ts';
import { parseWords } from '../options.ts';
import { GENERATE_OPTIONS, readGenerateOptions } from './generate.ts';
import { run, type VerbContext } from './verb.ts';

/** OUT_DIR when none is given; undefined where it is required. */
export interface Door {
  readonly name: string;
  readonly defaultDir: string | undefined;
}

const help = ({
  name,
  defaultDir,
}: Door): string => `usage: ${name} ${defaultDir ? '[OUT_DIR [KEY_TYPE]]' : 'DIR [KEY_TYPE]'}

Makes the PKI in ${defaultDir ? 'OUT_DIR (default: test_certificates beside the script; of an npm package, where you are)' : 'DIR'}, or
adds missing exports and UEFI keys to one that is there.
KEY_TYPE is rsa:BITS, ec:CURVE, or an algorithm such as ed25519 (default rsa:4096).

environment:
  DO_PLATFORM_KEYS=y          also make the UEFI keys PK, KEK and DB (needs efitools)
  KEY_SIZE=BITS               the RSA size when no KEY_TYPE is given
  GYROIDOS_TEST_PASSWD_PKI, TRUSTME_TEST_PASSWD_PKI
                              passphrase of the general PKI's keys

All options of "trustme-pki generate" but --dir work too: --brand, --conf, --jobs, --force-weak, --json, --quiet.`;

/** Runs the door; returns the exit code. */
export async function genDevCerts(door: Door, context: VerbContext): Promise<number> {
  const { dir: _, ...table } = GENERATE_OPTIONS;
  const { given, positionals } = parseWords(door.name, context.words, table);
  if (given.help) return context.print(help(door));
  const [outDir = door.defaultDir, keyType, extra] = positionals;
  const usage = help(door).split('\n')[0]!;
  if (outDir === undefined) throw new UsageError('DIR is missing', usage);
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`, usage);
  const { environment } = context;
  return run(context, given, {
    ...readGenerateOptions({ 'key-type': keyType || keySize(environment), ...given, dir: outDir }, environment),
    hasPlatformKeys: given['platform-keys'] === true || environment.DO_PLATFORM_KEYS === 'y',
  });
}

/** Callers of 2025 set the RSA size this way. */
function keySize(environment: NodeJS.ProcessEnv): string | undefined {
  const bits = environment.KEY_SIZE;
  if (!bits) return undefined;
  if (!/^[0-9]+$/.test(bits))
    throw new UsageError(`KEY_SIZE "${bits}" is no number of bits`, 'export KEY_SIZE=4096, or unset it');
  return `rsa:${bits}`;
}
