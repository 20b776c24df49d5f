// How cost grows with the number of entities and of requests: a table and two pictures, `npm run bench:growth`.
// BENCH_LARGEST=N stops at N requests, and at N / 10 entities (100,000); with `--write` the table and the pictures take
// the places of those in docs. Each figure is one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeEntities } from './entities.ts';
import { isWritten } from './page.ts';
import { type Line, plot } from './plot.ts';
import { writeRequests } from './requests.ts';
import { folder, measure, report, seconds, shell } from './tools.ts';

const LARGEST = Number.parseInt(process.env.BENCH_LARGEST ?? '100000', 10) || 100_000;
const main = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));
const EC = ['--key-type', 'ec:prime256v1'];
const CA = 'device_subca';
const program = (...words: string[]): string[] => ['node', main, ...words, '--quiet'];
const wallOf = async (words: readonly string[]): Promise<number> => (await measure(words)).wall;
const COUNTS = [10, 100, 1000, 10_000, 100_000];
const upTo = (most: number): number[] => COUNTS.filter(count => count <= most);

type Point = readonly [number, number];
type Measured = Readonly<Record<string, Point[]>>;

async function growEntities(): Promise<Measured> {
  const lines = { plan: [] as Point[], generate: [] as Point[], verify: [] as Point[] };
  for (const count of upTo(LARGEST / 10)) {
    process.stderr.write(`${count} entities\n`);
    const conf = writeEntities(folder, count);
    const directory = join(folder, `pki-${count}`);
    lines.plan.push([count, await wallOf(program('plan', '--conf', conf))]);
    lines.generate.push([count, await wallOf(program('generate', '--conf', conf, '--dir', directory, ...EC))]);
    lines.verify.push([count, await wallOf(program('verify', directory))]);
  }
  return lines;
}

/** Each number with a PKI of its own. */
async function growRequests(): Promise<Measured> {
  const lines = { 'sign-csr': [] as Point[], list: [] as Point[], crl: [] as Point[] };
  for (const count of upTo(LARGEST)) {
    process.stderr.write(`${count} requests\n`);
    const [directory, requests, output] = ['signer', 'requests', 'output'].map(name =>
      join(folder, `${name}-${count}`),
    );
    await shell`${program('generate', '--dir', directory!, ...EC)}`;
    writeRequests(requests!, count);
    mkdirSync(output!);
    const place = ['--dir', directory!];
    lines['sign-csr'].push([
      count,
      await wallOf(program('sign-csr', CA, requests!, '--output-dir', output!, ...place)),
    ]);
    lines.list.push([count, await wallOf(['node', main, 'list', CA, '--subject', 'CN=device 7', '--json', ...place])]);
    const index = join(directory!, '.pki', CA, 'index.txt');
    // All revoked at once: what a list of that many entries costs.
    await shell`sed -i ${'s/^V\\t\\([0-9Z]*\\)\\t/R\\t\\1\\t260101000000Z,keyCompromise/'} ${index}`;
    lines.crl.push([count, await wallOf(program('crl', CA, ...place))]);
  }
  return lines;
}

const [entities, requests] = [await growEntities(), await growRequests()];
const rowsOf = (measured: Measured, what: string): string[][] =>
  Object.entries(measured).map(([name, points]) => [
    `${name}, ${what}`,
    ...COUNTS.map(count => {
      const found = points.find(([each]) => each === count);
      return found ? seconds(found[1]) : '';
    }),
  ]);
await report(
  'growth',
  ['', ...COUNTS.map(count => count.toLocaleString('en'))],
  [...rowsOf(entities, 'entities'), ...rowsOf(requests, 'requests')],
);
const draw = (file: string, title: string, across: string, measured: Measured): void => {
  const lines: Line[] = Object.entries(measured).map(([name, points]) => ({ name, points }));
  const path = isWritten ? fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) : join(process.cwd(), file);
  writeFileSync(path, plot(title, across, lines));
  process.stderr.write(`${path}\n`);
};
draw('growth-entities.svg', 'Time by entities (ec:prime256v1)', 'entities besides the shipped ones', entities);
draw('growth-requests.svg', 'Time by requests (P-256)', 'requests, or entries of a list', requests);
