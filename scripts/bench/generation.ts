// Measures what the README promises about time and memory, and prints a markdown table: `npm run bench`.
// BENCH_RUNS=N sets the number of runs of a row (5 if it is not set); everything is made below the temporary folder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeEntities } from './entities.ts';
import {
  alternate,
  CORES,
  folder,
  measure,
  peakMemory,
  RUNS,
  report,
  type Sample,
  type Spread,
  seconds,
  spread,
} from './tools.ts';

const door = fileURLToPath(new URL('../gen_dev_certs.sh', import.meta.url));
const NODE = ['node', '-e', '0'];
/** The certificates of sites that this variable names are read at each start of Node.js, but for one by the door. */
const PLAIN_NODE = ['env', '-u', 'NODE_EXTRA_CA_CERTS', ...NODE];
/** 0.8 of what the old script takes, 87 processes in 0.32 s, where `node -e 0` takes 0.065 s and `openssl version` 0.0023 s. */
const PER_START = (0.8 * 0.32) / 0.065;
const PER_OPENSSL = (0.8 * 0.32) / 0.0023 / 100;
const HUNDRED_VERSIONS = ['bash', '-c', 'for i in {1..100}; do openssl version; done'];
const generate = (...words: string[]): string[] => ['bash', door, ...words, '--quiet'];

/**
 * A script of processes one after another: the 31 of openssl that eleven EC certificates cost by hand, four of the keys
 * encrypted as those of the customer's CAs are; and with `others`, the 56 more that a shell script starts around them.
 */
function writeSequence(name: string, others: number): string[] {
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = root\n[dn]\nCN = bench
[root]\nbasicConstraints = critical, CA:TRUE\n[ca]\ndefault_ca = authority\n[authority]\nprivate_key = 0.key
certificate = 0.cert\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\nunique_subject = no\npolicy = policy
default_md = sha256\ndefault_days = 30\n[policy]\ncommonName = supplied\n`,
  );
  const numbers = Array.from({ length: 11 }, (_, i) => i);
  const encrypt = (i: number) => (i < 4 ? '-aes-256-cbc -pass env:BENCH_PASSPHRASE' : '');
  const PASSIN = '-passin env:BENCH_PASSPHRASE -config ca.cnf';
  const lines = [
    'set -e; export BENCH_PASSPHRASE=test1234; : >index.txt',
    ...numbers.map(
      i => `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 ${encrypt(i)} -out ${i}.key`,
    ),
    ...numbers.map(i => `openssl req -new ${i < 2 ? '-x509' : ''} ${PASSIN} -key ${i}.key -out ${i}.cert`),
    ...numbers.slice(2).map(i => `openssl ca -batch -notext ${PASSIN} -in ${i}.cert -out ${i}.crt 2>/dev/null`),
    ...Array.from(
      { length: others / 4 },
      () => 'mkdir -p made; cat 0.cert 2.crt >made/chain; cp made/chain copy; rm copy',
    ),
  ];
  const file = join(folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return ['bash', file];
}

process.stderr.write(`rsa:4096 with UEFI keys, ${RUNS + 1} runs\n`);
const withUefi = (name: string) => generate(join(folder, name), 'rsa:4096', '--platform-keys');
const memory = await peakMemory(withUefi('memory-pki'));
const rsa: Sample[] = [];
for (let run = 0; run < RUNS; run++) rsa.push(await measure(withUefi(`rsa-${run}`)));

process.stderr.write('ec:prime256v1, nothing to do, starts\n');
const main = join(door, '../../dist/main.cjs');
const [alone, script] = [writeSequence('alone.sh', 0), writeSequence('script.sh', 56)];
const [ec, openssl, before] = (await alternate(Math.max(RUNS, 5), [
  run => generate(join(folder, `ec-${run}`), 'ec:prime256v1'),
  () => alone,
  () => script,
])) as [Spread, Spread, Spread];
const [idle, version, list, bare, plain, shortest] = (await alternate(RUNS * 4, [
  () => generate(join(folder, 'ec-0')),
  () => ['node', main, '--version'],
  () => ['node', main, 'list', 'device_subca', '--dir', join(folder, 'ec-0')],
  () => NODE,
  () => PLAIN_NODE,
  () => HUNDRED_VERSIONS,
])) as [Spread, Spread, Spread, Spread, Spread, Spread];

process.stderr.write('plans of 1,000 and 10,000 entities, generation of 200\n');
const planOf = (conf: string) => ['node', main, 'plan', '--conf', conf];
const [thousand, many] = [writeEntities(folder, 1000), writeEntities(folder, 10_000)];
const [plan1, plan10] = (await alternate(RUNS, [() => planOf(thousand), () => planOf(many)])) as [Spread, Spread];
const [memory1, memory10] = [await peakMemory(planOf(thousand)), await peakMemory(planOf(many))];
const conf200 = writeEntities(folder, 200);
const scale: Sample[] = [];
for (let run = 0; run < Math.min(RUNS, 3); run++)
  scale.push(await measure(generate(join(folder, `many-${run}`), 'rsa:2048', '--conf', conf200)));

const wallOf = (samples: readonly Sample[]): string => seconds(spread(samples.map(({ wall }) => wall)));
const loadOf = (samples: readonly Sample[]): string =>
  spread(samples.map(({ wall, cpu }) => wall / (cpu / CORES))).median.toFixed(2);
const ratio = (a: Spread, b: Spread): string => (a.median / b.median).toFixed(2);
const start = `node -e 0 ${seconds(bare)}`;
await report(
  'generation',
  ['what', 'measured: median (least-most)', 'result', 'target'],
  [
    ['rsa:4096, UEFI keys: wall / (cpu / processors)', wallOf(rsa), loadOf(rsa), '<= 1.10'],
    [
      'ec:prime256v1 / 87 processes in a row, 31 of them openssl',
      `${seconds(ec)}; ${seconds(before)}`,
      ratio(ec, before),
      '<= 0.8',
    ],
    ['the same / the 31 alone', `${seconds(ec)}; ${seconds(openssl)}`, ratio(ec, openssl), '<= 0.8'],
    ['the same / node -e 0', `${seconds(ec)}; ${start}`, ratio(ec, bare), `<= ${PER_START.toFixed(1)}`],
    [
      'the same / 100 x openssl version',
      `${seconds(ec)}; ${seconds(shortest)}`,
      ratio(ec, shortest),
      `<= ${PER_OPENSSL.toFixed(2)}`,
    ],
    ['nothing to do / node -e 0', `${seconds(idle)}; ${start}`, ratio(idle, bare), '<= 1.3'],
    ['the same / node -e 0 without NODE_EXTRA_CA_CERTS', `${seconds(idle)}; ${seconds(plain)}`, ratio(idle, plain), ''],
    ['trustme-pki --version / node -e 0', `${seconds(version)}; ${start}`, ratio(version, bare), ''],
    ['trustme-pki list / node -e 0', `${seconds(list)}; ${start}`, ratio(list, bare), ''],
    ['rsa:4096, UEFI keys: peak memory', 'largest process', `${memory.toFixed(0)} MB`, '< 150 MB'],
    ['plan of 1,000 entities', `${seconds(plan1)}; ${memory1.toFixed(0)} MB`, seconds(plan1.median), '< 1 s'],
    [
      'plan of 10,000 entities / of 1,000',
      `${seconds(plan10)}; ${memory10.toFixed(0)} MB`,
      ratio(plan10, plan1),
      '<= 10',
    ],
    ['200 entities more, rsa:2048: wall / (cpu / processors)', wallOf(scale), loadOf(scale), '<= 1.10'],
  ],
);
