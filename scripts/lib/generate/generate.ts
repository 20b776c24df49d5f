// The states of OUT_DIR and what each leads to. This file is on the way of every call, also of those that find
// nothing to do, so it loads no library.
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import type { KeyType } from '../model/types.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import type { PlanReport } from '../run/report.ts';
import { hasJournal } from '../run/staging.ts';
import { isAwaited } from '../store/requests.ts';
import { lockDirectory, look, refuseClosed } from './directory-lock.ts';
import { addMissingExports } from './missing-exports.ts';
import { danglingOf, lacksTrustAnchor, missingPlatformFiles, UPDATE_OF_DB } from './platform-files.ts';

export interface GenerateOptions {
  /** As the caller typed it. */
  readonly outDir: string;
  /** undefined: what the configuration says. */
  readonly keyType: KeyType | undefined;
  readonly hasPlatformKeys: boolean;
  readonly brand: string | undefined;
  readonly isWeakForced: boolean;
  /** Whether keys that a token lacks are made there. */
  readonly mayGenerateInTokens?: boolean;
  /** Whether everything is made with keys that are thrown away first. */
  readonly isRehearsed?: boolean;
  /** Commands side by side. */
  readonly width: number;
  readonly configurationFolders: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export type State = 'generated' | 'platform-keys-added' | 'already-generated' | 'exports-only';

export interface TrustAnchor {
  readonly file: string;
  readonly subject: string;
  /** SHA-256 of the certificate, upper-case hexadecimal with colons. */
  readonly sha256: string;
}

export interface Outcome {
  readonly state: State;
  /** Absolute path. */
  readonly directory: string;
  /** Derived exports that were added to a directory that was there. */
  readonly added: readonly string[];
  /** Trust anchors of what was made; empty where nothing was. */
  readonly anchors: readonly TrustAnchor[];
  /** Exports that are not there since their key is in a token: what their reader takes instead, by file. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** Variables whose development value encrypted keys. */
  readonly developmentPassphrases: readonly string[];
}

/** Brings OUT_DIR to the state that the options ask for, under its lock. Throws a PkiError where that is impossible. */
export async function generate(
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const outDir = resolveOutDir(options.outDir);
  const lock = await lockDirectory(outDir, options.hasPlatformKeys, controller.signal, report);
  try {
    refuseClosed(outDir);
    if (lock) await finishInterrupted(outDir, controller.signal, text => report.note(text));
    else refuseUnfinished(outDir, 'is');
    return await act(outDir, options, report, controller);
  } finally {
    lock?.release();
  }
}

/** The absolute path; a trailing slash means nothing. */
export function resolveOutDir(typed: string): string {
  if (typed === '') throw new UsageError('OUT_DIR is an empty string', 'give a directory, such as test_certificates');
  const outDir = resolve(typed);
  if (outDir === dirname(outDir))
    throw new UsageError(
      `OUT_DIR "${typed}" is the root directory`,
      'give a directory of its own, such as test_certificates',
    );
  return outDir;
}

async function act(
  outDir: string,
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const stat = look(outDir, 'lstat');
  if (stat?.isSymbolicLink()) return actOnLink(outDir, report);
  if (stat?.isDirectory()) return actOnDirectory(outDir, options, report, controller);
  // It serves others: /dev/null of the whole machine, for root.
  if (stat && !stat.isFile())
    throw new StateError(`"${outDir}" is a device, a pipe or a socket, no directory`, 'choose another OUT_DIR');
  if (stat) report.note(`Removing stale non-directory ${outDir}`);
  const { produceWhole } = await import('./produce.ts');
  return produceWhole(outDir, options, stat ? 'stale file' : 'nothing', report, controller);
}

/** Somebody's own PKI: nothing is generated in it. */
function actOnLink(outDir: string, report: PlanReport): Outcome {
  const target = look(outDir, 'stat');
  if (!target) throw new StateError(`"${outDir}" is a dangling symbolic link`, 'mend or remove the link');
  if (!target.isDirectory())
    throw new StateError(`"${outDir}" is a symbolic link to something that is no directory`, 'mend or remove the link');
  refuseUnfinished(outDir, 'leads to');
  warnIfBare(outDir, report);
  return { ...nothing(outDir, 'exports-only'), added: addMissingExports(outDir) };
}

/** What is half replaced is not "already generated"; to finish it takes the lock of the directory itself. */
function refuseUnfinished(outDir: string, how: 'is' | 'leads to'): void {
  if (hasJournal(outDir))
    throw new StateError(
      `"${outDir}" ${how} a directory in which a run was stopped while it moved files in`,
      `trustme-pki generate --dir ${shellWord(realpathSync(outDir))}, run by its owner, finishes it`,
    );
}

async function actOnDirectory(
  outDir: string,
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  if (isAwaited(outDir)) {
    const { produceWhole } = await import('./produce.ts');
    return produceWhole(outDir, options, 'requests', report, controller);
  }
  const missing = missingPlatformFiles(outDir);
  const dangling = danglingOf(outDir, missing);
  const hasUpdate = !missing.includes(UPDATE_OF_DB) || dangling.includes(UPDATE_OF_DB);
  if (options.hasPlatformKeys && !hasUpdate) {
    const { producePlatformKeys } = await import('./produce.ts');
    const outcome = await producePlatformKeys(outDir, options, report, controller);
    return { ...outcome, added: addMissingExports(outDir) };
  }
  if (dangling.length > 0 && hasUpdate) {
    const message = `"${outDir}" has platform keys as symbolic links that lead nowhere: ${dangling.join(', ')}`;
    if (options.hasPlatformKeys)
      throw new StateError(message, 'mount what they lead to, or mend the links; or call without DO_PLATFORM_KEYS');
    report.note(`trustme-pki: warning: ${message}`);
  } else if (missing.length > 0 && hasUpdate) {
    const message = `"${outDir}" has ${UPDATE_OF_DB} but lacks ${missing.join(', ')}: an interrupted run of another tool, or keys that are kept elsewhere`;
    if (options.hasPlatformKeys)
      throw new StateError(
        message,
        `restore them; or move ${UPDATE_OF_DB} and its relatives away to have new ones made; or call without DO_PLATFORM_KEYS`,
      );
    report.note(`trustme-pki: warning: ${message}`);
  }
  warnIfBare(outDir, report);
  if (options.configurationFolders.length > 0) {
    const { warningOfUnmade } = await import('./unmade.ts');
    const warning = warningOfUnmade(outDir, options);
    if (warning !== undefined) report.note(`trustme-pki: warning: ${warning}`);
  }
  return { ...nothing(outDir, 'already-generated'), added: addMissingExports(outDir) };
}

function warnIfBare(outDir: string, report: PlanReport): void {
  if (lacksTrustAnchor(outDir))
    report.note(
      `trustme-pki: warning: "${outDir}" is there, but holds no PKI (neither ssig_rootca.cert nor gen_rootca.cert); remove it to have one generated`,
    );
}

const nothing = (directory: string, state: State): Outcome => ({
  state,
  directory,
  added: [],
  anchors: [],
  leftOut: {},
  developmentPassphrases: [],
});
