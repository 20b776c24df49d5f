// What the installed tools can do, asked before the first job: whether they are there, openssl's version, and
// whether it knows the key type and takes its signatures.
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError, StateError, UsageError } from '../errors.ts';
import { forceHint, formatKeyType, isWellKnown, KEY_TYPE_HINT, LEAST_EC_BITS } from '../model/key-type.ts';
import { nearest } from '../model/nearest.ts';
import { type Entity, hasOwnDigest, type KeyType } from '../model/types.ts';
import { type Command, command, type Job } from '../plan/job.ts';
import { keyAlgorithm } from '../plan/openssl.ts';
import { writeNew } from '../store/files.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { readCommand, runCommand, type Surroundings } from './exec.ts';
import { inTemporary } from './temporary.ts';

/** Debian package of each tool that a plan may run. */
export const PACKAGES: Readonly<Record<string, string>> = {
  openssl: 'openssl',
  'cert-to-efi-sig-list': 'efitools',
  'sign-efi-sig-list': 'efitools',
  sync: 'coreutils',
  'pkcs11-tool': 'opensc',
  flock: 'util-linux',
  sbsign: 'sbsigntool',
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
  const name = formatKeyType(keyType);
  try {
    await runCommand(makeTrial(keyType, [], '/dev/null'), `trial of ${name}`, surroundings);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UsageError(`unknown key type "${name}": the installed openssl makes no signing key of it`, KEY_TYPE_HINT);
  }
}

const SELF_SIGN = ['req', '-new', '-x509', '-batch', '-config', '/dev/null', '-subj', '/CN=trial'];

const makeTrial = (
  keyType: KeyType,
  options: readonly string[],
  certificate: string,
  keyFile = '/dev/null',
): Command => {
  const { algorithm, options: own } = keyAlgorithm(keyType, false);
  const key = ['-noenc', '-keyout', keyFile, '-newkey', algorithm, ...own];
  return command('openssl', [...SELF_SIGN, ...key, ...options, '-out', certificate]);
};

/** A key that is read from a file is not always one that signs so: SM2 takes SM3 alone. Throws a UsageError. */
export async function requireSignature(
  { keyType, digest }: Pick<Entity, 'keyType' | 'digest'>,
  surroundings: Surroundings,
): Promise<void> {
  if (isWellKnown(keyType)) return;
  const name = formatKeyType(keyType);
  const isOwn = hasOwnDigest({ keyType });
  await inTemporary(async folder => {
    const key = join(folder, 'key.pem');
    const configuration = join(folder, 'trial.cnf');
    // As templates/openssl.cnf.hbs has it.
    writeNew(configuration, `[req]\ndistinguished_name = dn\ndefault_md = ${isOwn ? 'default' : digest}\n[dn]\n`);
    const options = ['-config', configuration, '-key', key, '-out', '/dev/null'];
    try {
      await runCommand(makeTrial(keyType, [], '/dev/null', key), `trial of ${name}`, surroundings);
      await runCommand(command('openssl', [...SELF_SIGN, ...options]), `trial of ${name}`, surroundings);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const how = isOwn ? 'without a digest' : `with ${digest}`;
      throw new UsageError(`the installed openssl signs nothing ${how} by a key of type "${name}"`, KEY_TYPE_HINT);
    }
  });
}

/** Whether openssl, and that of Node.js, take what an EC key signs with SHA-3: 3.5 does, 3.0 does not. Throws a UsageError. */
export async function requireDigest(
  { keyType, digest }: Pick<Entity, 'keyType' | 'digest'>,
  surroundings: Surroundings,
) {
  if (keyType.kind !== 'ec' || !digest.startsWith('sha3-')) return;
  const name = `trial of ${digest}`;
  const refuse = (who: string): never => {
    throw new UsageError(
      `${who} takes no signature of an EC key with ${digest}`,
      'set digest = sha256, sha384 or sha512; OpenSSL 3.5 takes it',
    );
  };
  await inTemporary(async folder => {
    const file = join(folder, 'trial.pem');
    try {
      await runCommand(makeTrial(keyType, [`-${digest}`], file), name, surroundings);
      await runCommand(command('openssl', ['verify', '-check_ss_sig', '-CAfile', file, file]), name, surroundings);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      refuse('the installed openssl');
    }
    const trial = new X509Certificate(readFileSync(file));
    if (!isIssuedBy(trial, trial))
      refuse(`Node.js ${process.version}, by its own OpenSSL ${process.versions.openssl},`);
  });
}
