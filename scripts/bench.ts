// Measures what the README promises about time and memory, and prints a markdown table: `npm run bench`.
// BENCH_RUNS=N sets the number of runs of a row (5 if it is not set); everything is made below the temporary folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  alternate,
  CORES,
  folder,
  measure,
  median,
  peakMemory,
  RUNS,
  row,
  type Sample,
  seconds,
  versionsLine,
} from './bench-tools.ts';

const door = fileURLToPath(new URL('gen_dev_certs.sh', import.meta.url));
const NODE = ['node', '-e', '0'];
const generate = (...words: string[]): string[] => ['bash', door, ...words, '--quiet'];

/** A script of 31 openssl processes one after another: what eleven EC certificates cost by hand. */
function writeSequence(): string {
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = root\n[dn]\nCN = bench
[root]\nbasicConstraints = critical, CA:TRUE\n[ca]\ndefault_ca = authority\n[authority]\nprivate_key = 0.key
certificate = 0.cert\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\nunique_subject = no\npolicy = policy
default_md = sha256\ndefault_days = 30\n[policy]\ncommonName = supplied\n`,
  );
  const numbers = Array.from({ length: 11 }, (_, i) => i);
  const lines = [
    'set -e; : >index.txt',
    ...numbers.map(i => `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ${i}.key`),
    ...numbers.map(i => `openssl req -new ${i < 2 ? '-x509' : ''} -config ca.cnf -key ${i}.key -out ${i}.cert`),
    ...numbers.slice(2).map(i => `openssl ca -batch -notext -config ca.cnf -in ${i}.cert -out ${i}.crt`),
  ];
  const file = join(folder, 'sequence.sh');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** A configuration folder of `count` entities more than the shipped ones: a root, a sub CA for each hundred, the rest TLS servers. */
function writeEntities(count: number): string {
  const conf = join(folder, `conf-${count}`);
  mkdirSync(conf);
  const write = (stem: string, issuer: string, name: string, days: number, powers: string) =>
    writeFileSync(
      join(conf, `${stem}.ini`),
      `${issuer}urls = customer\n[subject]\ncommonName = ${name}\n[certificate]\ndays = ${days}\n${powers}\n`,
    );
  const ca = 'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n[issued]\ndays = 9';
  const issued = `${ca}\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature`;
  const server =
    'basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth';
  const cas = Math.ceil(count / 100);
  write('bench_rootca', '', 'Bench Root', 3000, issued);
  for (let i = 0; i < cas; i++) write(`bench${i}_subca`, 'issuer = bench_rootca\n', `Bench CA ${i}`, 2000, issued);
  for (let i = 0; i < count - cas - 1; i++) {
    const issuer = `bench${i % cas}_subca`;
    const san = `subjectAltName = DNS:host${i}.example.org`;
    write(`bench${i}`, `issuer = ${issuer}\nbundle = ${issuer} bench_rootca\n`, `Host ${i}`, 1000, `${server}\n${san}`);
  }
  return conf;
}

process.stderr.write(`rsa:4096 with UEFI keys, ${RUNS + 1} runs\n`);
const withUefi = (name: string) => generate(join(folder, name), 'rsa:4096', '--platform-keys');
const memory = await peakMemory(withUefi('memory-pki'));
const rsa: Sample[] = [];
for (let run = 0; run < RUNS; run++) rsa.push(await measure(withUefi(`rsa-${run}`)));
process.stderr.write('ec:prime256v1 and nothing to do\n');
const sequence = writeSequence();
const [ec = 0, processes = 0, bare = 0] = await alternate(Math.max(RUNS, 5), [
  run => generate(join(folder, `ec-${run}`), 'ec:prime256v1'),
  () => ['bash', sequence],
  () => NODE,
]);
const [idle = 0, start = 0] = await alternate(RUNS * 4, [() => generate(join(folder, 'ec-0')), () => NODE]);

process.stderr.write('plans of 1,000 and 10,000 entities, generation of 200\n');
const main = join(door, '../../dist/main.cjs');
const planOf = (conf: string) => ['node', main, 'plan', '--conf', conf];
const [thousand, many] = [writeEntities(1000), writeEntities(10_000)];
const [plan1 = 0, plan10 = 0] = await alternate(RUNS, [() => planOf(thousand), () => planOf(many)]);
const [memory1, memory10] = [await peakMemory(planOf(thousand)), await peakMemory(planOf(many))];
const conf200 = writeEntities(200);
const scale: Sample[] = [];
for (let run = 0; run < Math.min(RUNS, 3); run++)
  scale.push(await measure(generate(join(folder, `many-${run}`), 'rsa:2048', '--conf', conf200)));

const load = median(rsa.map(({ wall, cpu }) => wall / (cpu / CORES)));
const rsaWall = seconds(median(rsa.map(({ wall }) => wall)));
console.log(`${await versionsLine()}\n`);
console.log(row('what', 'measured (medians)', 'result', 'target'));
console.log(row('---', '---', '---', '---'));
console.log(row('rsa:4096, UEFI keys: wall / (cpu / processors)', rsaWall, load.toFixed(2), '<= 1.10'));
const ecCells = `${seconds(ec)}; 31 processes ${seconds(processes)}; node -e 0 ${seconds(bare)}`;
console.log(row('ec:prime256v1 / 31 openssl processes in a row', ecCells, (ec / processes).toFixed(2), '<= 0.8'));
console.log(
  row('nothing to do / node -e 0', `${seconds(idle)}; ${seconds(start)}`, (idle / start).toFixed(2), '<= 1.3'),
);
console.log(row('rsa:4096, UEFI keys: peak memory', 'largest process', `${memory.toFixed(0)} MB`, '< 150 MB'));
console.log(row('plan of 1,000 entities', `${memory1.toFixed(0)} MB`, seconds(plan1), '< 1 s'));
console.log(
  row(
    'plan of 10,000 entities / of 1,000',
    `${seconds(plan10)}, ${memory10.toFixed(0)} MB`,
    (plan10 / plan1).toFixed(1),
    '<= 10',
  ),
);
console.log(
  row(
    '200 entities more, rsa:2048: wall / (cpu / processors)',
    seconds(median(scale.map(({ wall }) => wall))),
    median(scale.map(({ wall, cpu }) => wall / (cpu / CORES))).toFixed(2),
    '<= 1.10',
  ),
);
