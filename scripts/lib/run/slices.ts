// Work that node does by itself, in slices: whoever waits for a process is told in between that it ended.
import { setImmediate } from 'node:timers/promises';

/** Some milliseconds' worth of small files. */
const SLICE = 50;

/** Calls `work` for each, one after another; results in the order of `items`. */
export async function inSlices<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    if (results.length % SLICE === SLICE - 1) await setImmediate();
    results.push(work(item));
  }
  return results;
}
