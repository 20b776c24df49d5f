// `npm run test:faults`: every command of the plans of the verbs that run commands is made to fail in each way, and runs
// are killed at random points; afterwards nothing may be half done, and the next run has to succeed. Prints the tables of
// docs/reliability.md; with `--write` it puts them there. FAULTS=N tries N commands a row (all if it is not set), KILLS=N kills N runs of each (25),
// SCENARIO=NAME takes the scenarios whose names begin with it.
import { availableParallelism } from 'node:os';
import { conditions, publish } from '../../scripts/bench/page.ts';
import { scratch } from '../helpers/door.ts';
import { tryCallers, tryFullDisks, tryReadOnlyDisk } from './circumstances.ts';
import { FAULTS } from './doubles.ts';
import { prepareBases, SCENARIOS } from './scenarios.ts';
import { circumstanceTable, faultTable } from './table.ts';
import { type Row, rehearse, rowOf, tryFault, tryKill } from './tries.ts';

const folder = scratch();
const MOST = process.env.FAULTS ? Number(process.env.FAULTS) : Number.POSITIVE_INFINITY;
const KILLS = Number(process.env.KILLS ?? 25);

/** `count` points spread over 1 to `all`. */
const points = (all: number, count: number): number[] =>
  Array.from({ length: Math.min(all, count) }, (_, i) => 1 + Math.floor((i * all) / Math.min(all, count)));

await prepareBases(folder);
const rows: Row[] = [];
const tasks: (() => Promise<void>)[] = [];
for (const scenario of SCENARIOS.filter(({ name }) => name.startsWith(process.env.SCENARIO ?? ''))) {
  const { calls, duration } = await rehearse(folder, scenario);
  const commands = `${scenario.name} (${calls} command${calls === 1 ? '' : 's'})`;
  for (const kind of Object.keys(FAULTS)) {
    const row = rowOf(commands, kind);
    rows.push(row);
    for (const at of points(calls, MOST)) tasks.push(() => tryFault(folder, scenario, row, at));
  }
  const kills = rowOf(commands, 'kill -9 at a random time');
  rows.push(kills);
  for (let n = 0; n < KILLS; n++) {
    const after = Math.floor(Math.random() * duration * 1.1);
    tasks.push(() => tryKill(folder, scenario, kills, after));
  }
}
process.stderr.write(`${tasks.length} tries\n`);
const waiting = tasks.values();
const worker = async () => {
  for (const task of waiting) await task();
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));

const isWhole = process.env.SCENARIO === undefined;
const circumstances: Row[] = [];
if (isWhole) {
  circumstances.push(await tryCallers(folder, 100, 1), await tryCallers(folder, 20, 20));
  if (process.getuid?.() === 0) circumstances.push(await tryFullDisks(folder), await tryReadOnlyDisk(folder));
  else console.error('full and read-only disks were not tried: only root can mount them');
}

const told = `${await conditions(`FAULTS=${process.env.FAULTS ?? 'all'}`, `KILLS=${KILLS}`)}\n\n${faultTable(rows)}`;
if (isWhole) publish('reliability.md', 'faults', `${told}\n${circumstanceTable(circumstances)}`);
else process.stdout.write(told);
const problems = [...rows, ...circumstances].flatMap(row =>
  row.problems.map(problem => `${row.scenario}, ${row.fault}, ${problem}`),
);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
