// The programmatic interface: `import { planPki, generate, verify } from 'trustme-pki'`. Its types stand here whole, so
// that they can be read without the rest.
import { resolve } from 'node:path';
import { generateOptions, requireDirectory, verifyOptions } from './api-options.ts';
import { isSound } from './lib/check/finding.ts';
import { verifyDirectory } from './lib/check/verify.ts';
import { Aborted, isPkiError as isOwn, StateError } from './lib/errors.ts';
import { generate as generatePki } from './lib/generate/generate.ts';
import { prepare } from './lib/generate/prepare.ts';
import { jobShell, scriptOf } from './lib/plan/script.ts';
import type { PlanReport } from './lib/run/report.ts';
import { packageVersion } from './lib/store/package.ts';
import { tokenSettings } from './lib/store/templates.ts';
import { explainSystemError } from './lib/system-error.ts';

/** What a PKI is to be. All paths hold in the current folder. */
export interface PkiOptions {
  /** Configuration folders of one's own, weakest first. */
  readonly configurationFolders?: readonly string[];
  /** `rsa:BITS`, `ec:CURVE` or an algorithm such as `ed25519`; else what the configuration says. */
  readonly keyType?: string;
  /** The name before each common name; else what the configuration says. */
  readonly brand?: string;
  /** Also the UEFI keys PK, KEK and DB. */
  readonly platformKeys?: boolean;
  /** Allow keys that are too short, for tests. */
  readonly forceWeak?: boolean;
  /** Make keys that are to be in a token and are not there yet. */
  readonly generateTokenKeys?: boolean;
  /** Where passphrases, PINs and the tools' PATH are read from; `process.env` if not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How a PKI is made. */
export interface RunOptions extends PkiOptions {
  /** Make everything with keys that are thrown away first. */
  readonly rehearse?: boolean;
  /** Commands side by side, 1 to 9999; one a processor if not given. */
  readonly jobs?: number;
  /** Aborting it stops the run: a PkiError with the reason as its `cause`; nothing is published then. */
  readonly signal?: AbortSignal;
  /** Called with a line for people now and then. */
  readonly note?: (text: string) => void;
}

/** A unit of work: `id` is the (first) file that it makes. */
export interface PlannedJob {
  readonly id: string;
  readonly needs: readonly string[];
  readonly makes: readonly string[];
  readonly makesKey: boolean;
  /** The same as shell commands; secrets are names of variables. */
  readonly shell: string;
}

export interface PkiPlan {
  readonly jobs: readonly PlannedJob[];
  /** Folders that have to be there before the jobs run. */
  readonly folders: readonly string[];
  /** What is no mistake but worth a word. */
  readonly notes: readonly string[];
  /** The whole plan as a POSIX shell script. */
  readonly script: string;
}

export interface Generated {
  readonly state: 'generated' | 'platform-keys-added' | 'already-generated' | 'exports-only';
  /** Absolute path. */
  readonly directory: string;
  /** Derived exports that were added to a directory that was there. */
  readonly added: readonly string[];
  /** Trust anchors that were made, with what people compare: SHA-256, upper-case hexadecimal with colons. */
  readonly anchors: readonly { readonly file: string; readonly subject: string; readonly sha256: string }[];
  /** Exports that are not there since their key is in a token: what their reader takes instead, by file. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** Variables whose development value encrypted keys. */
  readonly developmentPassphrases: readonly string[];
}

/** docs/verify.md says what each code means. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  /** Path inside the directory; `.` is the directory itself. */
  readonly file: string;
  readonly message: string;
  readonly hint: string;
}

export interface VerifyOptions {
  /** How early a certificate's end is a warning, 0 to 36500; 30 if not given. */
  readonly expiresWithinDays?: number;
  /** Whether a development PKI is an error. */
  readonly production?: boolean;
  /** Configuration folders to compare the directory with. */
  readonly configurationFolders?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Aborting it stops the questions: a PkiError, too. */
  readonly signal?: AbortSignal;
}

export interface Verification {
  /** Absolute path. */
  readonly directory: string;
  /** Whether there is no error and no warning. */
  readonly sound: boolean;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/** What every function here throws where input or circumstances are wrong; anything else is a bug of this package. */
export interface PkiError extends Error {
  /** What to type or edit. */
  readonly hint: string | undefined;
  /** Exit code of the command line for it: 1 failed, 2 wrong use, 130 stopped by `signal`. */
  readonly exitCode: number;
}

export const isPkiError = (error: unknown): error is PkiError => isOwn(error);

/** Version of this package. */
export const version: string = packageVersion();

/** Plans a PKI; runs nothing and writes nothing. Throws a PkiError with all mistakes of the configuration. */
export function planPki(options: PkiOptions = {}): Promise<PkiPlan> {
  return run(undefined, async () => {
    const { hasPlatformKeys, ...rest } = generateOptions('', options);
    const { plan, notes } = await prepare(rest, ({ variable }) => hasPlatformKeys || !variable);
    const settings = tokenSettings();
    return {
      jobs: plan.jobs.map(job => {
        const { id, needs, makes, makesKey } = job;
        return { id, needs, makes, makesKey, shell: jobShell(job) };
      }),
      folders: plan.folders,
      notes,
      script: scriptOf(plan, `trustme-pki ${version}: the plan of a PKI`, notes, settings),
    };
  });
}

/** Makes the PKI in `directory`, or adds what is missing; published whole or not at all. */
export async function generate(directory: string, options: RunOptions = {}): Promise<Generated> {
  requireDirectory(directory);
  const asked = generateOptions(directory, options);
  return run(options.signal, controller => withMask(() => generatePki(asked, quietly(options.note), controller)));
}

/** Is a directory sound, whoever made it? Only reads. */
export async function verify(directory: string, options: VerifyOptions = {}): Promise<Verification> {
  requireDirectory(directory);
  const asked = verifyOptions(options);
  const findings = await run(options.signal, controller => verifyDirectory(directory, asked, controller));
  return { directory: resolve(directory), sound: isSound(findings), findings };
}

const quietly = (note: RunOptions['note']): PlanReport => ({
  begin: () => {},
  note: note ?? (() => {}),
  end: () => {},
});

/** Works until `signal` is aborted. What it throws is a PkiError also where the caller stopped it or the system refused. */
async function run<T>(signal: AbortSignal | undefined, work: (controller: AbortController) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Aborted(signal?.reason));
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    controller.signal.throwIfAborted();
    return await work(controller);
  } catch (error) {
    const told = explainSystemError(error);
    throw told ? new StateError(told.message, told.hint) : error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Runs that are on their way, and the mask of the process before the first of them. */
const masked = { runs: 0, before: 0 };

/** Files get the modes of the contract whatever the process' mask is; the last of several runs gives that back. */
async function withMask<T>(work: () => Promise<T>): Promise<T> {
  if (masked.runs++ === 0) masked.before = process.umask(0o022);
  try {
    return await work();
  } finally {
    if (--masked.runs === 0) process.umask(masked.before);
  }
}
