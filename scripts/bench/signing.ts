// Measures sign-csr, list and crl at scale, and prints a markdown table: `npm run bench:signing`. Takes some minutes.
// BENCH_RUNS=N sets the number of runs of a row (5 if it is not set), BENCH_REQUESTS=N the largest number of requests.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeRequests } from './requests.ts';
import { alternate, CORES, folder, measure, peakMemory, RUNS, report, type Spread, seconds, shell } from './tools.ts';

const ALL = Math.max(1000, Number.parseInt(process.env.BENCH_REQUESTS ?? '100000', 10) || 100_000);
const PART = ALL / 10;
const ONE_BY_ONE = 100;
const main = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));
const CA = 'device_subca';
const index = (pki: string): string => join(folder, pki, `.pki/${CA}/index.txt`);

await shell`node ${main} generate --dir base --key-type ec:prime256v1 --quiet`;
process.stderr.write(`${ALL + PART} requests\n`);
writeRequests(join(folder, 'part'), PART);
writeRequests(join(folder, 'all'), ALL);
writeRequests(join(folder, 'more'), PART, ALL);

/** A copy of the PKI that nobody has signed with. */
function fresh(name: string): string {
  cpSync(join(folder, 'base'), join(folder, name), { recursive: true });
  mkdirSync(join(folder, `${name}-out`));
  return name;
}

const ours = (pki: string, requests: string): string[] => {
  const place = ['--dir', join(folder, pki), '--output-dir', join(folder, `${pki}-out`)];
  return ['node', main, 'sign-csr', CA, join(folder, requests), ...place, '--quiet'];
};

/** The same CA and configuration; the passphrase is that of development keys. */
const CA_COMMAND = `env GYROIDOS_TEST_PASSWD_PKI=test1234 openssl ca -config .pki/${CA}.cnf -passin env:GYROIDOS_TEST_PASSWD_PKI -batch -notext -preserveDN -out /dev/null`;
const single = (pki: string): string[] => {
  const script = `cd '${join(folder, pki)}' && find '${join(folder, 'part')}' -name '*.csr' | xargs -n ${ALL} ${CA_COMMAND} -infiles 2>/dev/null`;
  return ['bash', '-c', script];
};
/** A process for each processor, each with a copy of the PKI and its share of the requests, and nothing else: the most that this machine gives. */
const sideBySide = (pki: string): string[] => {
  const places = Array.from({ length: CORES }, (_, i) => fresh(`${pki}-${i}`));
  const share = (i: number) => `awk 'NR % ${CORES} == ${i}' | xargs -n ${ALL} ${CA_COMMAND} -infiles 2>/dev/null`;
  const start = (place: string, i: number) =>
    `(cd '${join(folder, place)}' && find '${join(folder, 'part')}' -name '*.csr' | ${share(i)}) &`;
  return ['bash', '-c', `${places.map(start).join('\n')}\nwait`];
};
const oneByOne = (pki: string): string[] => {
  const script = `cd '${join(folder, pki)}' && for file in $(ls '${join(folder, 'part')}'/*.csr | head -n ${ONE_BY_ONE}); do ${CA_COMMAND} -in "$file" 2>/dev/null; done`;
  return ['bash', '-c', script];
};

process.stderr.write(`${PART} requests: this, one openssl process, a process each; ${RUNS} runs\n`);
const [mine, one, beside, each] = (await alternate(RUNS, [
  run => ours(fresh(`mine-${run}`), 'part'),
  run => single(fresh(`single-${run}`)),
  run => sideBySide(`beside-${run}`),
  run => oneByOne(fresh(`each-${run}`)),
])) as [Spread, Spread, Spread, Spread];
const perRequest = each.median / ONE_BY_ONE;

process.stderr.write(`${ALL} requests, then ${PART} more\n`);
const pki = fresh('large');
const { wall: large } = await measure(ours(pki, 'all'));
const { wall: after } = await measure(ours(pki, 'more'));
const memory = await peakMemory(ours(fresh('peak'), 'all'));

process.stderr.write('list and crl\n');
const [listed] = (await alternate(RUNS, [
  () => ['node', main, 'list', CA, '--dir', join(folder, pki), '--subject', 'CN=device 77777', '--json'],
])) as [Spread];
const stamp = `${new Date()
  .toISOString()
  .slice(2, 19)
  .replace(/[^0-9]/g, '')}Z`;
const rows = readFileSync(index(pki), 'latin1').replace(/^V\t(\w+)\t\t/gm, `R\t$1\t${stamp},keyCompromise\t`);
writeFileSync(index(pki), rows, 'latin1');
const [list] = (await alternate(RUNS, [() => ['node', main, 'crl', CA, '--dir', join(folder, pki), '--quiet']])) as [
  Spread,
];

const rate = (count: number, wall: number): string => `${(count / wall).toFixed(0)} a second`;
const ratio = (a: number, b: number): string => (a / b).toFixed(2);
await report(
  'signing',
  ['what', 'measured: median (least-most)', 'result', 'target'],
  [
    [
      `${PART} requests (P-256): one \`openssl ca -infiles\` / sign-csr`,
      `${seconds(one)}; ${seconds(mine)}`,
      ratio(one.median, mine.median),
      '>= 1.2',
    ],
    [
      `the same: one \`openssl ca -infiles\` / ${CORES} side by side and nothing else`,
      `${seconds(one)}; ${seconds(beside)}`,
      ratio(one.median, beside.median),
      '',
    ],
    [
      'one openssl process a request / sign-csr',
      `${rate(1, perRequest)}; ${rate(PART, mine.median)}`,
      ((PART * perRequest) / mine.median).toFixed(1),
      '>= 15',
    ],
    [`${ALL} requests / ${PART}`, `${seconds(large)}; ${seconds(mine)}`, (large / mine.median).toFixed(1), 'about 10'],
    [
      `${PART} requests on an index of ${ALL} lines / of none`,
      `${seconds(after)}; ${seconds(mine)}`,
      ratio(after, mine.median),
      'about 1',
    ],
    [`${ALL} requests: peak memory`, 'largest process', `${memory.toFixed(0)} MB`, '< 300 MB'],
    [`list: one subject of ${ALL + PART}`, seconds(listed), rate(ALL + PART, listed.median), '< 1 s'],
    [`crl: ${ALL + PART} entries`, seconds(list), rate(ALL + PART, list.median), ''],
  ],
);
