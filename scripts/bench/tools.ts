// What the benchmarks share: commands timed in turns, medians, memory, and the tables of docs/performance.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { conditions, publish, tableOf } from './page.ts';

export interface Sample {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
}

export const RUNS = Math.max(1, Number.parseInt(process.env.BENCH_RUNS ?? '5', 10) || 5);
export const CORES = availableParallelism();
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

/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** Runs commands in turns, so that whatever else the machine does meets all of them alike; wall seconds of each. */
export async function alternate(
  runs: number,
  commands: readonly ((run: number) => readonly string[])[],
): Promise<Spread[]> {
  const walls: number[][] = commands.map(() => []);
  for (let run = 0; run < runs; run++)
    for (const [i, command] of commands.entries()) {
      const words = command(run);
      // None of them waits for what another has left to be written to disk.
      await shell`sync`;
      walls[i]!.push((await measure(words)).wall);
    }
  return walls.map(spread);
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

/** `0.673 s (0.650-0.710)`. */
export function seconds(value: Spread | number): string {
  if (typeof value === 'number') return `${value.toFixed(value < 10 ? 3 : 1)} s`;
  const [least, most] = [value.least, value.most].map(each => each.toFixed(value.median < 10 ? 3 : 1));
  return `${seconds(value.median)} (${least}-${most})`;
}

/** Prints a table; with `--write` it takes the place of the one before in docs/performance.md. */
export async function report(name: string, heads: readonly string[], rows: readonly (readonly string[])[]) {
  publish('performance.md', name, `${await conditions(`BENCH_RUNS=${RUNS}`)}\n\n${tableOf(heads, rows)}`);
}
