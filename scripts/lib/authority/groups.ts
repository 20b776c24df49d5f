// Requests into groups for openssl: what one section fits goes together, and what openssl refuses is found among them.
import type { Workers } from '../run/workers.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { type Batch, isOfRequest, lastWords, type Made, prepareBatch, type Signing, signBatch } from './batch.ts';
import { nameViolations } from './name-constraints.ts';
import type { Authority } from './open.ts';
import type { ProfileSection } from './profile-section.ts';

export type Outcome = Made | { readonly reason: string };

interface Group {
  readonly signing: Signing;
  readonly requests: readonly RequestFacts[];
}

/** Requests laid out for openssl, which may be at work on others meanwhile. */
export async function prepareAll(
  authority: Authority,
  requests: readonly RequestFacts[],
  profile: ProfileSection,
  times: readonly string[],
  width: number,
): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (const group of groupsOf(requests, profile, times, width))
    batches.push(await prepareBatch(authority, group.requests, group.signing));
  return batches;
}

/** Outcomes by request. Throws where no request could be signed: passphrase, key, configuration, disk. */
export async function signAll(
  authority: Authority,
  batches: readonly Batch[],
  workers: Workers,
): Promise<ReadonlyMap<RequestFacts, Outcome>> {
  // All of them end before this does: what a process still writes must not be removed under it.
  const ended = await Promise.allSettled(batches.map(batch => workers.run(() => signGroup(authority, batch))));
  return new Map(
    ended.flatMap(each => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    }),
  );
}

/** A request from which openssl would copy more than its names stands alone. */
function groupsOf(
  requests: readonly RequestFacts[],
  profile: ProfileSection,
  times: readonly string[],
  width: number,
): readonly Group[] {
  const groups: Group[] = [];
  const plain = new Map<string, RequestFacts[]>();
  for (const facts of requests) {
    const section = profile.sectionFor(facts);
    const together = plain.get(section);
    if (!profile.isPlain(facts, section))
      groups.push({ signing: { section, times, names: 'written' }, requests: [facts] });
    else if (together) together.push(facts);
    else plain.set(section, [facts]);
  }
  const names = profile.isNameCopied ? 'copied' : 'none';
  for (const [section, all] of plain) {
    const size = Math.max(1, Math.ceil(all.length / width));
    for (let from = 0; from < all.length; from += size)
      groups.push({ signing: { section, times, names }, requests: all.slice(from, from + size) });
  }
  return groups;
}

type Ended = readonly [RequestFacts, Outcome];

/** openssl proves signatures; only where it passed over something are they looked at one by one. */
async function signGroup(authority: Authority, batch: Batch): Promise<Ended[]> {
  const { requests, signing } = batch;
  try {
    const all = await signBatch(authority, batch);
    const violations = await nameViolations(authority, all, batch.folder);
    return all.map(made => {
      const violation = violations.get(made.file);
      const reason = `its names break name constraints of ${authority.stem} or a CA above: ${violation}`;
      return [made.facts, violation === undefined ? made : { reason }] as const;
    });
  } catch (error) {
    if (!isOfRequest(error)) throw error;
    const again = async (some: readonly RequestFacts[]) =>
      signGroup(authority, await prepareBatch(authority, some, signing));
    const forged = requests.filter(facts => facts.isForged());
    const good = requests.filter(facts => !forged.includes(facts));
    const refused = forged.map(facts => [facts, { reason: 'its signature is not by its own key' }] as const);
    if (forged.length > 0) return good.length === 0 ? refused : [...refused, ...(await again(good))];
    if (requests.length === 1) return [[requests[0]!, { reason: `openssl does not sign it: ${lastWords(error)}` }]];
    const half = Math.ceil(requests.length / 2);
    return [...(await again(requests.slice(0, half))), ...(await again(requests.slice(half)))];
  }
}
