// Requests into certificates: each is checked, signed once, entered in the CA's index, and only then handed out.

import { Workers } from '../run/workers.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { chainOf, enter, handOutAll, syncOutputs } from './deliver.ts';
import { type Outcome, prepareAll, signAll } from './groups.ts';
import { type Accepted, type Judged, judge, type Order, type Result, type SignOptions } from './judge.ts';
import { type Known, readKnown } from './known.ts';
import type { Authority } from './open.ts';
import { profileOf } from './profile-section.ts';
import { refuseAuthority } from './refuse-authority.ts';

/** Requests of one write of the index: few in the beginning, so that openssl is soon at work. */
const FIRST_CHUNK = 250;
/** A process takes no more than this at once. */
const [LARGEST_CHUNK, LARGEST_OF_PROCESS] = [2000, 500];

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
  const profile = profileOf(authority, options.profile);
  const known = readKnown(authority, options.blocklists);
  const chain = options.isLeafOnly ? '' : chainOf(authority);
  const nextSize = (size: number) => Math.min(2 * size, LARGEST_CHUNK, LARGEST_OF_PROCESS * options.width);
  const results: Result[] = [];
  const taken = new Map<string, Accepted>();
  const workers = new Workers(options.width);
  let signing: Chunk | undefined;
  const deliver = async (chunk: Chunk | undefined) => {
    if (!chunk) return;
    results.push(...(await deliverChunk(authority, chunk, known, chain)));
    // From here on the index tells; what was read of a hundred thousand requests would fill the memory.
    for (const each of chunk.judged) if ('facts' in each) taken.delete(each.facts.keySha256);
    progress(results.length);
  };
  try {
    for (let from = 0, size = FIRST_CHUNK; from < orders.length; from += size, size = nextSize(size)) {
      size = Math.min(size, tapered(orders.length - from));
      const judged = orders.slice(from, from + size).map(order => judge(order, profile, options, known, taken));
      const wanted = judged.flatMap(each => ('facts' in each ? [each.facts] : []));
      const batches = prepareAll(authority, wanted, profile, options);
      const before = signing;
      signing = { judged, outcomes: signAll(authority, batches, workers) };
      signing.outcomes.catch(() => {}); // told when it is waited for
      authority.copies.keep(orders.length - from - size);
      await deliver(before);
    }
    await deliver(signing);
    await syncOutputs(authority, results);
  } finally {
    await signing?.outcomes.catch(() => {});
  }
  return results;
}

async function deliverChunk(authority: Authority, chunk: Chunk, known: Known, chain: string): Promise<Result[]> {
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
  return handOutAll(authority, ordered, chain);
}
