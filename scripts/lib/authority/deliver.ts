// What was signed into the CA's index, and from there to whoever asked: never the other way round.
import { readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncTree } from '../run/publish.ts';
import { inSlices } from '../run/slices.ts';
import { draftBeside } from '../store/draft.ts';
import { isTaken, writeText } from '../store/files.ts';
import { issuedFile } from '../store/names.ts';
import type { Made } from './batch.ts';
import type { Chain } from './chains.ts';
import { appendRows } from './database.ts';
import type { Order, Result } from './judge.ts';
import type { Known } from './known.ts';
import { appendLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import type { Revocation } from './revoked.ts';

/**
 * Who asked for certificates, then the certificates, then the index: what is in the index is on disk, and may be handed
 * out. What a run that ended in between had signed is entered by the next one, which the ledger tells whose it is.
 */
export async function enter(authority: Authority, made: readonly Made[], known: Known): Promise<void> {
  if (made.length === 0) return;
  const { path, stem } = authority;
  const entries = made.map(({ serial, facts: { keySha256, sha256 } }) => ({ serial, keySha256, sha256 }));
  appendLedger(path, stem, entries);
  await inSlices(made, ({ serial, file }) => renameSync(file, join(path, issuedFile(stem, serial))));
  await syncTree(path, authority.surroundings);
  appendRows(path, stem, made.map(({ row }) => `${row}\n`).join(''));
  for (const entry of entries) {
    known.bySha256.set(entry.sha256, entry);
    known.keys.set(entry.keySha256, entry);
  }
}

/** What follows the certificates of a run. */
export interface ChainsOfRun {
  /** Those that it signs. */
  readonly fresh: string;
  /** One that was signed before (PEM); undefined: it is not in the directory. */
  readonly before: (pem: string) => Chain | undefined;
}

/**
 * Puts the certificate of each result, in PEM where this run has signed it, where its order says; results of what
 * somebody else's file hinders are refused.
 */
export const handOutAll = (
  authority: Authority,
  ordered: readonly (readonly [Order, Result, string?])[],
  chains: ChainsOfRun,
): Promise<Result[]> =>
  inSlices(ordered, ([{ output }, result, fresh]): Result => {
    if (result.serial === undefined) return result;
    const own = fresh ?? readIssued(authority, result.serial);
    const chain = fresh === undefined ? chains.before(own) : { text: chains.fresh };
    if (chain === undefined) return { ...result, result: 'refused', reason: lacksChain(authority) };
    if (chain.revocation) return { ...result, result: 'refused', reason: isBelow(chain.revocation) };
    return handOut(output, own, chain.text)
      ? { ...result, output }
      : { ...result, result: 'refused', reason: `"${output}" is there and holds something else` };
  });

const lacksChain = ({ stem }: Authority): string =>
  `the certificate of ${stem} by which it was issued, or one above that, is not in the directory (--leaf-only leaves the chain out, --again signs it anew)`;

const isBelow = ({ reason, certificate }: Revocation): string =>
  `it stands below a certificate that was revoked (${reason}), serial ${certificate.serialNumber}: --again signs it anew`;

/** Once a run: a file that a power cut tears before that is put there again by the next run. */
export async function syncOutputs(authority: Authority, results: readonly Result[]): Promise<void> {
  const folders = new Set(results.flatMap(({ output }) => (output === undefined ? [] : [dirname(output)])));
  for (const folder of folders) await syncTree(folder, authority.surroundings);
}

/**
 * Writes a certificate with its chain; false where a file with other content is there. It is never half there; whoever
 * calls this syncs the folder.
 */
export function handOut(output: string, own: string, chain: string): boolean {
  const whole = own + chain;
  if (isTaken(output)) {
    // A pipe would wait for its writer, a link that leads nowhere be replaced.
    if (!statSync(output, { throwIfNoEntry: false })?.isFile()) return false;
    const present = readFileSync(output, 'latin1');
    // A part of it, maybe nothing, is what a power cut left.
    if (present === whole || !whole.startsWith(present)) return present.startsWith(own);
  }
  const temporary = draftBeside(output);
  writeText(temporary, whole, 'wx');
  renameSync(temporary, output);
  return true;
}

/** PEM without text around it: ASCII, which node reads in one step as UTF-8. */
export const readIssued = ({ path, stem }: Authority, serial: string): string =>
  readFileSync(join(path, issuedFile(stem, serial)), 'utf8');
