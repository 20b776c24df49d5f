// What the installed tools can do, asked before the first job: whether they are there, openssl's version, and
// whether it knows the key type.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError, StateError, UsageError } from '../errors.ts';
import { forceHint, formatKeyType, isWellKnown, KEY_TYPE_HINT, LEAST_EC_BITS } from '../model/key-type.ts';
import { nearest } from '../model/nearest.ts';
import type { KeyType } from '../model/types.ts';
import { command, type Job } from '../plan/job.ts';
import { keyAlgorithm } from '../plan/openssl.ts';
import { readCommand, runCommand, type Surroundings } from './exec.ts';

/** Debian package of each tool that a plan may run. */
export const PACKAGES: Readonly<Record<string, string>> = {
  openssl: 'openssl',
  'cert-to-efi-sig-list': 'efitools',
  'sign-efi-sig-list': 'efitools',
  'hash-to-efi-sig-list': 'efitools',
  sync: 'coreutils',
  'pkcs11-tool': 'opensc',
  flock: 'util-linux',
  sbsign: 'sbsigntool',
  sbverify: 'sbsigntool',
  evmctl: 'ima-evm-utils',
};

/** Whether `tool` is an executable file in a folder of PATH. */
export function isInstalled(tool: string, path: string | undefined): boolean {
  return (path ?? '').split(delimiter).some(folder => {
    try {
      const file = join(folder || '.', tool);
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** Refuses a plan whose tools are not all there, naming each and the packages that have them. */
export function requireTools(
  jobs: readonly Job[],
  environment: NodeJS.ProcessEnv,
  others: readonly string[] = [],
): void {
  const tools = new Set(['openssl', 'sync', ...others]);
  for (const { step } of jobs) {
    if (step.kind === 'command') tools.add(step.tool);
    if (step.kind === 'token') for (const tool of ['pkcs11-tool', 'flock']) tools.add(tool);
  }
  const missing = [...tools].filter(tool => !isInstalled(tool, environment.PATH));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(tool => PACKAGES[tool] ?? tool))].join(' ');
  throw new StateError(
    `not found on PATH: ${missing.join(', ')}`,
    `install the package ${packages} (Debian: apt-get install ${packages})`,
  );
}

/** The installed openssl's version, such as "OpenSSL 3.0.19". Throws where it is older than 3.0 or not OpenSSL. */
export async function requireOpenssl(surroundings: Surroundings): Promise<string> {
  const words = (await readCommand(command('openssl', ['version']), 'openssl version', surroundings)).trim().split(' ');
  const version = words.slice(0, 2).join(' ');
  if (words[0] === 'OpenSSL' && Number.parseInt(words[1] ?? '', 10) >= 3) return version;
  throw new StateError(
    `"${version}" is too old or no OpenSSL: 3.0 or later is needed`,
    'put a newer openssl first on PATH',
  );
}

/** Refuses a key type that the installed openssl cannot make, or a curve that is weak (unless forced). Throws a UsageError. */
export async function requireKeyType(
  keyType: KeyType,
  isForced: boolean | undefined,
  surroundings: Surroundings,
): Promise<void> {
  if (isWellKnown(keyType)) return;
  if (keyType.kind === 'ec') await requireCurve(keyType.curve, isForced, surroundings);
  else await requireTrial(keyType, surroundings);
}

async function requireCurve(curve: string, isForced: boolean | undefined, surroundings: Surroundings): Promise<void> {
  const listing = await readCommand(command('openssl', ['ecparam', '-list_curves']), 'openssl ecparam', surroundings);
  // "  secp224r1 : NIST/SECG curve over a 224 bit prime field", the description sometimes on the next line.
  const curves = new Map(
    [...listing.matchAll(/^ *([\w-]+) *:\s*([^:]*?)(?=\n *[\w-]+ *:|$(?![\s\S]))/gm)].map(([, name, text]) => [
      name!,
      text!,
    ]),
  );
  const description = curves.get(curve);
  if (description === undefined) {
    const close = nearest(curve, curves.keys());
    throw new UsageError(
      `unknown curve "${curve}"`,
      close ? `did you mean "ec:${close}"?` : 'openssl ecparam -list_curves prints the names',
    );
  }
  const bits = Number(/(\d+) bit/.exec(description)?.[1]);
  if (bits < LEAST_EC_BITS && !isForced)
    throw new UsageError(
      `curve "${curve}" of ${bits} bits is too weak: at least ${LEAST_EC_BITS} are asked for`,
      `give ec:prime256v1 or ec:secp384r1${forceHint(isForced)}`,
    );
  await requireTrial({ kind: 'ec', curve }, surroundings);
}

/** Makes a key and signs with it, both thrown away: the only proof that an algorithm is one for signatures. */
async function requireTrial(keyType: KeyType, surroundings: Surroundings): Promise<void> {
  const { algorithm, options } = keyAlgorithm(keyType, false);
  const name = formatKeyType(keyType);
  const args = [
    'req',
    '-new',
    '-x509',
    '-batch',
    '-config',
    '/dev/null',
    '-subj',
    '/CN=trial',
    '-newkey',
    algorithm,
    ...options,
    '-noenc',
    '-keyout',
    '/dev/null',
    '-out',
    '/dev/null',
  ];
  try {
    await runCommand(command('openssl', args), `trial of ${name}`, surroundings);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UsageError(`unknown key type "${name}": the installed openssl makes no signing key of it`, KEY_TYPE_HINT);
  }
}
