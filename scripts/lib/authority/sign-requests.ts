// Requests into certificates: each is checked, signed once, entered in the CA's index, and only then handed out.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { certificateBlocks } from '../model/pem.ts';
import { command } from '../plan/job.ts';
import { runCommand } from '../run/exec.ts';
import { issuedFile } from '../store/names.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { type Made, type Signing, signBatch } from './batch.ts';
import { indexFile, replaceFile } from './database.ts';
import { judge, type Known, type Order, type Result, readKnown, type SignOptions } from './judge.ts';
import { appendLedger } from './ledger.ts';
import type { Authority } from './open.ts';
import { type ProfileSection, profileOf } from './profile-section.ts';

/** Requests of one write of the index. */
const CHUNK = 1000;

/** Signs what can be signed; one result for each order. `progress` is called after each chunk. */
export async function signRequests(
  authority: Authority,
  orders: readonly Order[],
  options: SignOptions,
  progress: (done: number) => unknown,
): Promise<Result[]> {
  refuseAuthority(authority);
  const profile = profileOf(authority, options.profile);
  const known = readKnown(authority);
  const results: Result[] = [];
  for (let from = 0; from < orders.length; from += CHUNK) {
    results.push(...(await signChunk(authority, orders.slice(from, from + CHUNK), profile, options, known)));
    progress(results.length);
  }
  return results;
}

function refuseAuthority({ certificate, path, stem }: Authority): void {
  if (!existsSync(join(path, `${stem}.key`)))
    throw new StateError(`the key of ${stem} is not in the directory`, 'sign where the key is');
  if (new Date(certificate.certificate.validTo) < new Date())
    throw new StateError(`${stem} has expired (${certificate.certificate.validTo})`, 'renew the CA first');
}

async function signChunk(
  authority: Authority,
  orders: readonly Order[],
  profile: ProfileSection,
  options: SignOptions,
  known: Known,
): Promise<Result[]> {
  const taken = new Map<string, string>();
  const judged = orders.map(order => judge(order, profile, options, known, taken));
  const wanted = judged.filter(each => 'facts' in each);
  const made = await signAll(
    authority,
    wanted.map(({ facts }) => facts),
    profile,
    options,
  );
  await enter(
    authority,
    made.filter(each => 'serial' in each),
    known,
  );
  const byFacts = new Map(wanted.map(({ facts }, i) => [facts, made[i]!]));
  const chain = options.isLeafOnly ? '' : chainOf(authority);
  const results = judged.map(each => {
    if ('result' in each) return finish(authority, each.order, each.result, chain);
    const one = byFacts.get(each.facts)!;
    if (!('serial' in one)) return { given: each.order.given, result: 'refused', reason: one.reason } as const;
    return finish(authority, each.order, { given: each.order.given, result: 'signed', serial: one.serial }, chain);
  });
  for (const folder of new Set(results.flatMap(({ output }) => (output === undefined ? [] : [dirname(output)]))))
    await runCommand(command('sync', ['-f', folder]), 'sync', authority.surroundings);
  return results;
}

type Outcome = Made | { readonly reason: string };

/** Groups that one section fits go together; what openssl refuses is found one by one. */
async function signAll(
  authority: Authority,
  requests: readonly RequestFacts[],
  profile: ProfileSection,
  { days, width }: SignOptions,
): Promise<Outcome[]> {
  const outcomes = new Map<RequestFacts, Outcome>();
  const work: { signing: Signing; group: RequestFacts[] }[] = [];
  const plain = new Map<string, RequestFacts[]>();
  for (const facts of requests) {
    const section = profile.sectionFor(facts);
    if (profile.isPlain(facts, section)) plain.set(section, [...(plain.get(section) ?? []), facts]);
    else work.push({ signing: { section, days, isCopied: false }, group: [facts] });
  }
  for (const [section, all] of plain) {
    const size = Math.max(1, Math.ceil(all.length / width));
    for (let from = 0; from < all.length; from += size)
      work.push({ signing: { section, days, isCopied: true }, group: all.slice(from, from + size) });
  }
  const waiting = work.values();
  const worker = async () => {
    for (const { signing, group } of waiting)
      for (const [facts, outcome] of await signGroup(authority, group, signing)) outcomes.set(facts, outcome);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return requests.map(facts => outcomes.get(facts)!);
}

async function signGroup(
  authority: Authority,
  group: readonly RequestFacts[],
  signing: Signing,
): Promise<[RequestFacts, Outcome][]> {
  try {
    return (await signBatch(authority, group, signing)).map(made => [made.facts, made]);
  } catch (error) {
    // The passphrase, the key or the configuration: every further try would fail alike.
    const isOfRequest = !('hint' in (error as object)) || !/passphrase/.test(String((error as StateError).hint));
    if (group.length === 1) {
      if (!isOfRequest) throw error;
      return [[group[0]!, { reason: (error as Error).message.split('\n')[0]! }]];
    }
    if (!isOfRequest) throw error;
    const half = Math.ceil(group.length / 2);
    const first = await signGroup(authority, group.slice(0, half), signing);
    return [...first, ...(await signGroup(authority, group.slice(half), signing))];
  }
}

/** Certificates, then who asked for them, then the index: what is in the index is on disk, and may be handed out. */
async function enter(authority: Authority, made: readonly Made[], known: Known): Promise<void> {
  if (made.length === 0) return;
  const { path, stem, surroundings } = authority;
  for (const { serial, file } of made) renameSync(file, join(path, issuedFile(stem, serial)));
  await runCommand(command('sync', ['-f', '.']), 'sync', surroundings);
  const entries = made.map(({ serial, facts: { keySha256, sha256 } }) => ({ serial, keySha256, sha256 }));
  appendLedger(path, stem, entries);
  const index = join(path, indexFile(stem));
  const rows = made.map(({ row }) => `${row}\n`).join('');
  replaceFile(index, Buffer.concat([readFileSync(index), Buffer.from(rows, 'latin1')]));
  for (const entry of entries) {
    known.bySha256.set(entry.sha256, entry);
    known.keys.set(entry.keySha256, entry);
  }
}

/** Says where the certificate of an order lies, and puts it there where that is not done yet. */
function finish(authority: Authority, { output }: Order, result: Result, chain: string): Result {
  if (result.serial === undefined) return result;
  return handOut(authority, result.serial, output, chain)
    ? { ...result, output }
    : { ...result, result: 'refused', reason: `"${output}" is there and holds something else` };
}

/** What follows a certificate of the CA: its own and the rest of its file. */
export const chainOf = ({ path, certificate }: Authority): string =>
  certificateBlocks(readFileSync(join(path, certificate.file), 'latin1')).join('');

/**
 * Writes the certificate of a row, with its chain; false where another file is there. It is never half there; whoever
 * calls this syncs the folder.
 */
export function handOut({ path, stem }: Authority, serial: string, output: string, chain: string): boolean {
  const own = readFileSync(join(path, issuedFile(stem, serial)), 'latin1');
  if (existsSync(output)) return readFileSync(output, 'latin1').startsWith(own);
  const temporary = `${output}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, own + chain, { flag: 'wx', mode: 0o644 });
  renameSync(temporary, output);
  return true;
}
