// Measured tables, and the places for them in pages of docs.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { $ } from 'zx';

export const isWritten = process.argv.includes('--write');

/** What else the machine was doing when we came: a busy one tells nothing. */
const [LOAD = 0] = loadavg();

export const tableOf = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |\n`).join('');

/** Machine, versions and day; `more` are further conditions. */
export async function conditions(...more: string[]): Promise<string> {
  const openssl = (await $({ quiet: true })`openssl version`).stdout.trim().replace(/ \(Library.*/, '');
  const processors = `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'})`;
  const machine = `${processors}, load ${LOAD.toFixed(1)} before the runs`;
  return [machine, `Node.js ${process.version}`, openssl, ...more, new Date().toISOString().slice(0, 10)].join('; ');
}

/** Prints a text; with `--write` it takes the place of the one before in docs/PAGE, between `<!-- NAME -->` and `<!-- end -->`. */
export function publish(page: string, name: string, text: string): void {
  process.stdout.write(text);
  if (!isWritten) return;
  const path = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url));
  const before = readFileSync(path, 'utf8');
  const place = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- end -->)`);
  if (!place.test(before)) throw new Error(`docs/${page} has no place for the table "${name}"`);
  writeFileSync(
    path,
    before.replace(place, (_all, begin: string, end: string) => `${begin}\n${text}\n${end}`),
  );
}
