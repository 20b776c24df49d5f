// One process of `openssl verify` for many certificates. It gets copies under names of ours, so that neither the
// names of a directory nor what its certificates say can pass for something that openssl said.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import type { CertificateFile } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import type { Path } from './paths.ts';

export interface Batch {
  readonly purpose: string;
  readonly paths: readonly Path[];
  /** undefined: the system's. */
  readonly now: Date | undefined;
}

/** One complaint of openssl. */
export interface Reason {
  /** 0: the certificate itself, 1: its issuer, ... */
  readonly depth: number;
  /** X509_V_ERR_CERT_NOT_YET_VALID or X509_V_ERR_CERT_HAS_EXPIRED. */
  readonly isTime: boolean;
  /** X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION. */
  readonly isCritical: boolean;
  readonly text: string;
}

/** The paths that are refused, with all reasons. `scratch` is a folder for passing files to openssl. */
export async function verifyBatch(
  { purpose, paths, now }: Batch,
  scratch: string,
  surroundings: Surroundings,
): Promise<Map<Path, Reason[]>> {
  const folder = mkdtempSync(join(scratch, 'verify-'));
  const anchors = paths.map(({ anchor }) => anchor);
  const between = paths.flatMap(path => path.between);
  writeBundle(join(folder, 'anchors'), anchors);
  writeBundle(join(folder, 'between'), between);
  for (const [i, { subject }] of paths.entries()) writeBundle(join(folder, String(i)), [subject]);
  const args = [
    ...['verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose, '-trusted', 'anchors'],
    ...(between.length > 0 ? ['-untrusted', 'between'] : []),
    ...(now ? ['-attime', String(Math.floor(now.getTime() / 1000))] : []),
    ...paths.keys(),
  ].map(String);
  try {
    const job = 'verification of the certification paths';
    await runCommand(command('openssl', args), job, { ...surroundings, folder });
    return new Map();
  } catch (failure) {
    if (!(failure instanceof CommandError)) throw failure;
    return refusalsOf(failure, paths);
  }
}

const writeBundle = (path: string, certificates: readonly CertificateFile[]): void =>
  writeNew(path, [...new Set(certificates.map(({ certificate }) => certificate.toString()))].join(''));

/** `error 20 at 0 depth lookup: …` names a reason, `error 3: verification failed` after them the file. */
function refusalsOf(failure: CommandError, paths: readonly Path[]): Map<Path, Reason[]> {
  const refusals = new Map<Path, Reason[]>();
  let reasons: Reason[] = [];
  for (const line of failure.stderr.split('\n')) {
    const [, code, depth, text] = /^error (\d+) at (\d+) depth lookup: (.*)$/.exec(line) ?? [];
    if (text !== undefined)
      reasons.push({ depth: Number(depth), isTime: code === '9' || code === '10', isCritical: code === '34', text });
    // What node takes for a certificate and openssl does not is never looked up.
    const unread = /^Could not (?:read|open) .* from (\d+)$/.exec(line)?.[1];
    const path = paths[Number(unread ?? /^error (\d+): verification failed$/.exec(line)?.[1])];
    if (!path) continue;
    refusals.set(
      path,
      unread ? [{ depth: 0, isTime: false, isCritical: false, text: 'openssl cannot read it' }] : reasons,
    );
    reasons = [];
  }
  if (refusals.size === 0) throw failure;
  return refusals;
}
