// Requests into certificates: each is checked, signed once, entered in the CA's index, and only then handed out.
import { inSlices } from '../run/slices.ts';
import { Workers } from '../run/workers.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { chainFinder, chainOf } from './chains.ts';
import { type ChainsOfRun, enter, handOutAll, syncOutputs } from './deliver.ts';
import { type Outcome, prepareAll, signAll } from './groups.ts';
import { type Accepted, type Judged, judge, type Order, type Result, type SignOptions } from './judge.ts';
import { type Known, readKnown } from './known.ts';
import type { Authority } from './open.ts';
import { refuseUnwritable } from './output-folders.ts';
import { profileOf } from './profile-section.ts';
import { refuseAuthority, refusePurposes } from './refuse-authority.ts';
import { timeOptions } from './signing-times.ts';

/** Requests of one write of the index: few in the beginning, so that openssl is soon at work. */
const FIRST_CHUNK = 250;
/** The largest: a process takes 500 of several, and one alone, such as that of a token, more, since it starts anew each time. */
const largestChunk = (width: number): number => Math.min(2000, Math.max(1000, 500 * width));

/** Half of what is left: the last chunks are small, since nothing hides how long these are handed out. */
const tapered = (left: number): number => (left < 2 * FIRST_CHUNK ? left : Math.ceil(left / 2));

interface Chunk {
  readonly judged: readonly Judged[];
  readonly outcomes: Promise<ReadonlyMap<RequestFacts, Outcome>>;
}

/**
 * Signs what can be signed; one result for each order. While openssl signs a chunk, the one before is handed out and
 * the next is read and laid out, so that openssl always finds work. `progress` is called after each chunk.
 */
export async function signRequests(
  authority: Authority,
  orders: readonly Order[],
  given: SignOptions,
  progress: (done: number) => unknown,
): Promise<Result[]> {
  // A token works for one process at a time.
  const options = authority.key.token ? { ...given, width: 1 } : given;
  refuseAuthority(authority);
  refuseUnwritable(orders.map(({ output }) => output));
  const profile = profileOf(authority, options.profile);
  refusePurposes(authority, profile.purposes);
  const times = timeOptions(authority, profile.validity, options.days, new Date());
  const known = readKnown(authority, options.blocklists);
  const before = chainFinder(authority);
  const chains: ChainsOfRun = options.isLeafOnly
    ? { fresh: '', before: pem => ({ ...before(pem), text: '' }) }
    : { fresh: chainOf(authority), before };
  const nextSize = (size: number) => Math.min(2 * size, largestChunk(options.width));
  const results: Result[] = [];
  const displaced: { readonly order: Order; readonly key: string }[] = [];
  const taken = new Map<string, Accepted>();
  const workers = new Workers(options.width);
  let signing: Chunk | undefined;
  let left = orders.length;
  const deliver = async (chunk: Chunk | undefined) => {
    if (!chunk) return;
    results.push(...(await deliverChunk(authority, chunk, known, chains)));
    // From here on the index tells; what was read of a hundred thousand requests would fill the memory.
    for (const each of chunk.judged) {
      if ('facts' in each) taken.delete(each.facts.keySha256);
      else if (each.keyOfOther !== undefined) displaced.push({ order: each.order, key: each.keyOfOther });
    }
    progress(results.length);
    await authority.copies.keep(left);
  };
  try {
    for (let size = FIRST_CHUNK; left > 0; size = nextSize(size)) {
      size = Math.min(size, tapered(left));
      const from = orders.length - left;
      left -= size;
      const judged = await inSlices(orders.slice(from, from + size), order =>
        judge(order, profile, options, known, taken),
      );
      const wanted = judged.flatMap(each => ('facts' in each ? [each.facts] : []));
      const batches = await prepareAll(authority, wanted, profile, times, options.width);
      const last = signing;
      signing = { judged, outcomes: signAll(authority, batches, workers) };
      signing.outcomes.catch(() => {}); // told when it is waited for
      await deliver(last);
    }
    await deliver(signing);
    await syncOutputs(authority, results);
  } finally {
    await signing?.outcomes.catch(() => {});
  }
  // openssl refused the one with the same key: it takes nobody's place.
  const freed = displaced.filter(({ key }) => !known.keys.has(key)).map(({ order }) => order);
  if (freed.length === 0) return results;
  const later = new Map((await signRequests(authority, freed, given, () => {})).map(each => [each.given, each]));
  return results.map(each => later.get(each.given) ?? each);
}

async function deliverChunk(authority: Authority, chunk: Chunk, known: Known, chains: ChainsOfRun): Promise<Result[]> {
  const outcomes = await chunk.outcomes;
  await enter(
    authority,
    [...outcomes.values()].filter(each => 'serial' in each),
    known,
  );
  const ordered = chunk.judged.map(each => {
    if ('result' in each) return [each.order, each.result] as const;
    const { given } = each.order;
    const outcome = outcomes.get(each.facts)!;
    if ('reason' in outcome)
      return [each.order, { given, result: 'refused', reason: outcome.reason } as const] as const;
    return [each.order, { given, result: 'signed', serial: outcome.serial } as const, outcome.pem] as const;
  });
  return handOutAll(authority, ordered, chains);
}
