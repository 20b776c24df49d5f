// What the benchmarks share: commands timed in turns, medians, memory, rows of a markdown table.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';

export interface Sample {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
}

export const RUNS = Math.max(1, Number.parseInt(process.env.BENCH_RUNS ?? '5', 10) || 5);
export const CORES = availableParallelism();
/** What else the machine was doing: a busy one tells nothing. */
const [LOAD = 0] = loadavg();
export const folder = mkdtempSync(join(tmpdir(), 'trustme-pki-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => {
  rmSync(folder, { recursive: true, force: true });
  process.kill(process.pid, 'SIGINT');
});
export const shell = $({ cwd: folder, quiet: true, env: { ...process.env, LC_ALL: 'C', OPENSSL_CONF: '/dev/null' } });

/** Times one command to the millisecond; its processor time includes that of its children. */
export async function measure(words: readonly string[]): Promise<Sample> {
  const { stderr } = await shell`TIMEFORMAT='%R %U %S'; time ${words} >/dev/null`;
  const [wall = 0, user = 0, system = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return { wall, cpu: user + system };
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs commands in turns, so that whatever else the machine does meets all of them alike; median wall of each. */
export async function alternate(
  runs: number,
  commands: readonly ((run: number) => readonly string[])[],
): Promise<number[]> {
  const walls: number[][] = commands.map(() => []);
  for (let run = 0; run < runs; run++)
    for (const [i, command] of commands.entries()) walls[i]!.push((await measure(command(run))).wall);
  return walls.map(median);
}

/** Peak resident memory of the largest process of a command, in MB (10^6 bytes). */
export async function peakMemory(words: readonly string[]): Promise<number> {
  const file = join(folder, 'memory');
  if ((await shell`test -x /usr/bin/time`.nothrow()).ok) await shell`/usr/bin/time -f %M -o ${file} ${words}`;
  else {
    const write = `require('node:fs').writeFileSync(${JSON.stringify(file)},String(process.resourceUsage().maxRSS))`;
    writeFileSync(join(folder, 'usage.cjs'), `process.on('exit',()=>${write})`);
    await shell`NODE_OPTIONS=${`--require=${join(folder, 'usage.cjs')}`} ${words}`;
  }
  const { stdout } = await shell`tail -n 1 ${file}`;
  return (Number(stdout) * 1024) / 1e6;
}

export async function versionsLine(): Promise<string> {
  const openssl = (await shell`openssl version`).stdout.trim();
  const machine = `${CORES} processors (${cpus()[0]?.model ?? 'unknown'}), load ${LOAD.toFixed(1)} before the runs`;
  return `${machine}; node ${process.version}; ${openssl}; BENCH_RUNS=${RUNS}`;
}

export const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;

export const seconds = (value: number): string => `${value.toFixed(3)} s`;
