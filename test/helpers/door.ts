// Runs the drop-in door and real tools for end-to-end tests, each in folders of its own.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
export const DOOR = join(ROOT, 'scripts/gen_dev_certs.sh');
export const WRAPPER = join(ROOT, 'scripts/cml_gen_dev_certs');
export const MAIN = join(ROOT, 'dist/main.cjs');

/** The entities of the shipped configuration but those of secure-boot. */
export const STEMS = [
  ...['ssig_rootca', 'ssig_subca', 'ssig_subca_cml', 'ssig', 'ssig_cml'],
  ...['gen_rootca', 'guestos_subca', 'device_subca', 'user_subca', 'backend_subca', 'backend', 'ocsp_server'],
];
/** The files of PK, KEK and DB, without derived exports. */
export const PLATFORM_FILES = ['PK', 'KEK', 'DB'].flatMap(stem =>
  ['key', 'crt', 'esl', 'auth'].map(extension => `${stem}.${extension}`),
);

export interface Ended {
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The test's environment without anything that would steer the program. */
export function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(DO_PLATFORM_KEYS|KEY_SIZE|TRUSTME_|GYROIDOS_|OPENSSL_|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|CI$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra };
}

export function start(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
    ...options,
    env: options.env ?? cleanEnvironment(),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', chunk => (stdout += chunk));
  child.stderr!.on('data', chunk => (stderr += chunk));
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail);
    child.on('close', status => done({ status, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs gen_dev_certs.sh to its end. */
export const door = (
  args: readonly string[],
  extra: NodeJS.ProcessEnv = {},
  options: SpawnOptions = {},
): Promise<Ended> => start('bash', [DOOR, ...args], { ...options, env: cleanEnvironment(extra) }).ended;

/** Runs a tool; throws where it fails. Returns its stdout. */
export const tool = (name: string, args: readonly string[], cwd?: string, extra: NodeJS.ProcessEnv = {}): string =>
  execFileSync(name, args, {
    cwd,
    env: cleanEnvironment({ OPENSSL_CONF: '/dev/null', LC_ALL: 'C', ...extra }),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** A new folder in the system's temporary one, removed when the tests end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trustme-pki-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything beside OUT_DIR that a run might have left, but for the lock. */
export const leftovers = (folder: string): string[] =>
  readdirSync(folder).filter(name => /\.staging\.|\.tmp\.|\.new$/.test(name));

/** sign-file of the kernel's build that Debian has as a package, the last one by name. */
export const SIGN_FILE = (() => {
  const builds = readdirSync('/usr/lib').filter(name => name.startsWith('linux-kbuild-'));
  return `/usr/lib/${builds.sort().at(-1) ?? 'linux-kbuild-VERSION'}/scripts/sign-file`;
})();

/** True where a tool is missing: a skip with a reason on a laptop, a failure in CI. */
export function isMissing(name: string): boolean {
  if (spawnSync('sh', ['-c', `command -v ${name}`]).status === 0) return false;
  if (process.env.CI) throw new Error(`${name} is missing, and this is CI`);
  console.log(`skipped: ${name} is not installed`);
  return true;
}
