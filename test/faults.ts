// `npm run test:faults`: every command of the plans of generate, second phase, bulk signing, renewal and UEFI changes is made
// to fail in each way, and runs are killed at random points; afterwards nothing may be half done, and the next run has to
// succeed. Prints the table of docs/reliability.md. FAULTS=N tries N commands a row (all if it is not set), KILLS=N kills N runs of each (50).
// The doubles of tools stand in only for the one command that fails; all others are the real ones.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { cleanEnvironment, type Ended, leftovers, MAIN, scratch, start, tool } from './helpers/door.ts';

const folder = scratch();
const MOST = process.env.FAULTS ? Number(process.env.FAULTS) : Number.POSITIVE_INFINITY;
const KILLS = Number(process.env.KILLS ?? 50);
const TOOLS = ['openssl', 'sign-efi-sig-list', 'cert-to-efi-sig-list', 'sync'];
const REQUESTS = 30;
const EC = ['--key-type', 'ec:prime256v1'];

interface Scenario {
  readonly name: string;
  /** The directory that it begins with; undefined: none. */
  readonly base: string | undefined;
  readonly words: (directory: string, place: string) => readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'generate', base: undefined, words: dir => ['generate', '--dir', dir, ...EC, '--platform-keys'] },
  { name: 'second phase', base: 'first', words: dir => ['generate', '--dir', dir, ...EC, '--platform-keys'] },
  {
    name: `sign-csr, ${REQUESTS} requests`,
    base: 'whole',
    words: (dir, place) => ['sign-csr', 'device_subca', join(folder, 'requests'), '--dir', dir, '--output-dir', place],
  },
  { name: 'renew --cascade', base: 'whole', words: dir => ['renew', 'gen_rootca', '--cascade', '--dir', dir] },
  { name: 'uefi add', base: 'whole', words: dir => ['uefi', 'add', 'db', 'ab'.repeat(32), '--dir', dir] },
];

/** What a double does in the place of the one command; `output` is the file that the command makes. */
const FAULTS: Readonly<Record<string, string>> = {
  'exit code': 'echo injected >&2; exit 7',
  'killed by a signal': 'kill -SEGV $$',
  'no space left': "echo 'No space left on device' >&2; exit 1",
  'output missing': '"$real" "$@" || exit; [ -z "$output" ] || rm -f "$output"; exit',
  'output empty': '"$real" "$@" || exit; [ -z "$output" ] || : >"$output"; exit',
  'output truncated': '"$real" "$@" || exit; [ -z "$output" ] || truncate -s 60 "$output"; exit',
  'output of garbage': '"$real" "$@" || exit; [ -z "$output" ] || head -c 300 /dev/urandom >"$output"; exit',
  'tool gone': 'exit 127',
};

/** A folder of PATH whose tools count their calls, and fail in the call that `fault` names. */
function makeDoubles(bin: string): void {
  mkdirSync(bin, { recursive: true });
  for (const name of TOOLS) {
    const real = tool('sh', ['-c', `command -v ${name}`]).trim();
    const cases = Object.entries(FAULTS).map(([kind, action]) => `    '${kind}') ${action} ;;`);
    writeFileSync(
      join(bin, name),
      `#!/bin/bash
real=${real}
exec 9>>'${bin}/lock'; flock 9
read -r count <'${bin}/count'; echo $((count + 1)) >'${bin}/count'
IFS=: read -r at kind <'${bin}/fault'
exec 9>&-
if [ "$((count + 1))" = "$at" ]; then
  output=''; before=''
  for word in "$@"; do case $before in -out) output=$word ;; esac; before=$word; done
  case ${name} in *-sig-list) output=$before ;; esac
  case $output in /dev/*) output='' ;; esac
  case $kind in
${cases.join('\n')}
  esac
fi
exec "$real" "$@"
`,
      { mode: 0o755 },
    );
  }
}

/** One try: its folder, its tools. */
function makePlace(id: string, scenario: Scenario, fault: string) {
  const place = join(folder, id);
  const bin = join(place, 'bin');
  makeDoubles(bin);
  writeFileSync(join(bin, 'count'), '0\n');
  writeFileSync(join(bin, 'fault'), `${fault}\n`);
  mkdirSync(join(place, 'out'));
  const directory = join(place, 'pki');
  if (scenario.base !== undefined) cpSync(join(folder, scenario.base), directory, { recursive: true });
  const environment = cleanEnvironment({ PATH: `${bin}${delimiter}${process.env.PATH}`, TMPDIR: place });
  const words = scenario.words(directory, join(place, 'out'));
  const run = () => start(process.execPath, [MAIN, ...words], { cwd: place, env: environment });
  const calls = () => Number(readFileSync(join(bin, 'count'), 'utf8'));
  const heal = () => writeFileSync(join(bin, 'fault'), '0:none\n');
  return { place, directory, run, calls, heal, environment };
}
type Place = ReturnType<typeof makePlace>;

const verify = ({ directory, place }: Place) =>
  start(process.execPath, [MAIN, 'verify', directory], { cwd: place, env: cleanEnvironment() }).ended;

/** What is wrong after a try that ended badly; then the next run, which has to succeed. */
async function judge(
  place: Place,
  scenario: Scenario,
  { status, stdout, stderr }: Ended,
  isKilled: boolean,
): Promise<string[]> {
  const problems: string[] = [];
  if (!isKilled) {
    if (status !== 0 && !/error: |refused: /.test(stderr + stdout))
      problems.push(`no clear error: ${stderr.slice(-200)}`);
    if (/this is a bug of trustme-pki/.test(stderr)) problems.push(`a bug: ${stderr.slice(0, 300)}`);
    if (status !== 0 && leftovers(place.place).length > 0)
      problems.push(`left behind: ${leftovers(place.place).join(', ')}`);
    if (scenario.base === undefined && status !== 0 && existsSync(place.directory))
      problems.push('published after a failure');
    const secrets = readdirSync(place.place).filter(name => /\.key$/.test(name) || /^trustme-pki/.test(name));
    if (secrets.length > 0) problems.push(`secrets left: ${secrets.join(', ')}`);
  }
  if (existsSync(place.directory) && !existsSync(join(place.directory, '.pki/journal.json'))) {
    const after = await verify(place);
    // What was signed when the disk failed stays, so that it can be revoked; the next run enters it and hands it out.
    const others = after.stdout.split('\n').filter(line => line.startsWith('error') && !line.endsWith('[row-missing]'));
    if (others.length > 0) problems.push(`not sound afterwards: ${others.join('; ').slice(0, 300)}`);
  }
  place.heal();
  const next = await place.run().ended;
  if (next.status !== 0) problems.push(`the next run failed: ${next.stderr.slice(-300)}`);
  const end = await verify(place);
  if (end.status !== 0) problems.push(`not sound in the end: ${end.stdout.slice(0, 300)}`);
  if (leftovers(place.place).length > 0) problems.push(`left behind in the end: ${leftovers(place.place).join(', ')}`);
  return problems;
}

interface Row {
  readonly scenario: string;
  readonly fault: string;
  tried: number;
  /** Runs that the fault did not make fail: it struck what had no output. */
  harmless: number;
  problems: string[];
}

/** `count` points spread over 1 to `all`. */
const points = (all: number, count: number): number[] =>
  all <= count
    ? Array.from({ length: all }, (_, i) => i + 1)
    : Array.from({ length: count }, (_, i) => 1 + Math.floor((i * all) / count));

async function tryFault(scenario: Scenario, row: Row, kind: string, at: number, id: string): Promise<void> {
  const place = makePlace(id, scenario, `${at}:${kind}`);
  const ended = await place.run().ended;
  row.tried++;
  if (ended.status === 0) row.harmless++;
  for (const problem of await judge(place, scenario, ended, false)) row.problems.push(`command ${at}: ${problem}`);
  rmSync(place.place, { recursive: true, force: true });
}

async function tryKill(scenario: Scenario, row: Row, after: number, id: string): Promise<void> {
  const place = makePlace(id, scenario, '0:none');
  const { child, ended } = place.run();
  setTimeout(() => child.kill('SIGKILL'), after);
  const result = await ended;
  row.tried++;
  if (result.status === 0) row.harmless++;
  for (const problem of await judge(place, scenario, result, true)) row.problems.push(`after ${after} ms: ${problem}`);
  rmSync(place.place, { recursive: true, force: true });
}

const program = (...words: string[]) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment() }).ended;
await program('generate', '--dir', 'first', ...EC);
await program('generate', '--dir', 'whole', ...EC, '--platform-keys');
mkdirSync(join(folder, 'requests'));
tool('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem'], folder);
for (let i = 0; i < REQUESTS; i++) {
  tool('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem'], folder);
  const args = ['req', '-new', '-batch', '-config', '/dev/null', '-key', 'k.pem', '-subj', `/CN=unit ${i}`];
  tool('openssl', [...args, '-out', `requests/${i}.csr`], folder);
}

const rows: Row[] = [];
const tasks: (() => Promise<void>)[] = [];
for (const [i, scenario] of SCENARIOS.entries()) {
  const trial = makePlace(`trial-${i}`, scenario, '0:none');
  const began = Date.now();
  const { status, stderr } = await trial.run().ended;
  if (status !== 0) throw new Error(`${scenario.name} fails without a fault: ${stderr}`);
  const [calls, duration] = [trial.calls(), Date.now() - began];
  for (const kind of Object.keys(FAULTS)) {
    const row: Row = {
      scenario: `${scenario.name} (${calls} commands)`,
      fault: kind,
      tried: 0,
      harmless: 0,
      problems: [],
    };
    rows.push(row);
    for (const at of points(calls, MOST))
      tasks.push(() => tryFault(scenario, row, kind, at, `${i}-${kind.replaceAll(' ', '-')}-${at}`));
  }
  const kills: Row = {
    scenario: scenario.name,
    fault: 'kill -9 at a random time',
    tried: 0,
    harmless: 0,
    problems: [],
  };
  rows.push(kills);
  for (let n = 0; n < KILLS; n++) {
    const after = Math.floor(Math.random() * duration * 1.1);
    tasks.push(() => tryKill(scenario, kills, after, `${i}-kill-${n}`));
  }
}
process.stderr.write(`${tasks.length} tries\n`);
const waiting = tasks.values();
const worker = async () => {
  for (const task of waiting) await task();
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));

/** Runs that meet each other, and disks that are full or cannot be written. */
async function tryCircumstances(): Promise<void> {
  const ofKind = (scenario: string, fault: string): Row => {
    const row: Row = { scenario, fault, tried: 0, harmless: 0, problems: [] };
    rows.push(row);
    return row;
  };
  const sound = async (row: Row, directory: string): Promise<void> => {
    const { status, stdout } = await program('verify', directory);
    if (status !== 0) row.problems.push(`${directory}: ${stdout.slice(0, 200)}`);
  };
  for (const [count, directories] of [
    [100, 1],
    [20, 20],
  ] as const) {
    const row = ofKind(
      'generate',
      `${count} callers of ${directories === 1 ? 'one directory' : `${directories} directories`}`,
    );
    const names = Array.from({ length: count }, (_, i) => `callers-${count}-${i % directories}`);
    const ended = await Promise.all(names.map(name => program('generate', '--dir', name, ...EC, '--quiet')));
    row.tried = count;
    row.harmless = ended.filter(({ status }) => status === 0).length;
    for (const { status, stderr } of ended) if (status !== 0) row.problems.push(`${status}: ${stderr.slice(0, 200)}`);
    for (const name of new Set(names)) await sound(row, name);
  }
  if (process.getuid?.() !== 0) {
    console.error('full and read-only disks were not tried: only root can mount them');
    return;
  }
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const full = ofKind('generate', 'a full disk');
  for (const size of [64, 128, 256, 384, 512]) {
    tool('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', disk]);
    const { status, stderr } = await program('generate', '--dir', 'disk/pki', ...EC, '--platform-keys', '--quiet');
    full.tried++;
    if (status === 0) full.harmless++;
    else if (!/no space|disk is full|ENOSPC/i.test(stderr)) full.problems.push(`${size}k: ${stderr.slice(0, 300)}`);
    const left = readdirSync(disk).filter(name => name !== 'pki.genlock');
    if (status !== 0 && left.length > 0) full.problems.push(`${size}k: left behind: ${left.join(', ')}`);
    tool('umount', [disk]);
  }
  const readOnly = ofKind('generate', 'a read-only disk');
  tool('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', disk]);
  const { status, stderr } = await program('generate', '--dir', 'disk/pki', ...EC, '--quiet');
  readOnly.tried++;
  if (status !== 1 || !/cannot write in .*EROFS/.test(stderr))
    readOnly.problems.push(`${status}: ${stderr.slice(0, 300)}`);
  tool('umount', [disk]);
}
await tryCircumstances();

console.log('| what | fault | tried | no harm done by it | held |');
console.log('| --- | --- | --- | --- | --- |');
for (const { scenario, fault, tried, harmless, problems } of rows)
  console.log(
    `| ${scenario} | ${fault} | ${tried} | ${harmless} | ${problems.length === 0 ? 'all' : tried - new Set(problems.map(p => p.split(':')[0])).size} |`,
  );
const problems = rows.flatMap(row => row.problems.map(problem => `${row.scenario}, ${row.fault}, ${problem}`));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
