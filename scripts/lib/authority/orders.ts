// Files and folders of requests into orders, and results into what a person reads.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { printable, UsageError } from '../errors.ts';
import type { Order, Result } from './judge.ts';

const REQUEST_FILE = /\.(csr|der|req|pem)$/i;

/** The requests that the words name; their certificates go to `folder`, or beside them. Throws a UsageError. */
export function readOrders(words: readonly string[], folder: string | undefined): Order[] {
  const orders = words.flatMap(word => ordersOf(word, folder));
  refuseTwins(orders);
  return orders;
}

function ordersOf(word: string, folder: string | undefined): Order[] {
  if (!existsSync(word)) throw new UsageError(`"${word}" is not there`, 'give request files, or folders of them');
  const files = statSync(word).isDirectory()
    ? readdirSync(word)
        .filter(name => REQUEST_FILE.test(name))
        .sort()
        .map(name => join(word, name))
    : [word];
  if (files.length === 0)
    throw new UsageError(`"${word}" holds no request`, 'requests end in .csr, .der, .req or .pem');
  const place = resolve(folder ?? dirname(files[0]!));
  return files.map(file => ({
    given: file,
    file,
    output: join(place, `${basename(file).replace(REQUEST_FILE, '')}.cert`),
  }));
}

/** Two requests whose certificates would have one name. */
function refuseTwins(orders: readonly Order[]): void {
  const seen = new Map<string, string>();
  for (const { given, output } of orders) {
    const other = seen.get(output);
    if (other !== undefined)
      throw new UsageError(`"${given}" and "${other}" would both become "${output}"`, 'sign them one after another');
    seen.set(output, given);
  }
}

/** `start` in milliseconds. */
export function formatProgress(done: number, all: number, start: number): string {
  const rate = done / Math.max(0.001, (Date.now() - start) / 1000);
  return `trustme-pki: ${done} of ${all}, ${rate.toFixed(0)} a second, ${Math.ceil((all - done) / rate)} s left`;
}

/** What was refused alone, a line each. */
export const formatRefused = (results: readonly Result[]): string[] =>
  results
    .filter(({ result }) => result === 'refused')
    .map(({ given, reason }) => printable(`trustme-pki: error: ${given}: ${reason}`));

/** What was refused, a line each; what was signed in one line, where it is more than a handful. */
export function formatResults(results: readonly Result[]): string {
  const count = (word: Result['result']) => results.filter(({ result }) => result === word).length;
  const shown = results.length <= 20 ? results : results.filter(({ result }) => result === 'refused');
  return [
    ...shown.map(({ given, result, output, reason }) =>
      printable(`${given}: ${result}${reason ? `: ${reason}` : `: ${output}`}`),
    ),
    `${count('signed')} signed, ${count('already signed')} already signed, ${count('refused')} refused`,
  ].join('\n');
}
