// A part of `npm run test:faults` that fits every run: each command of generate fails once; each other verb meets one
// fault or one kill at random.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAULTS } from '../faults/doubles.ts';
import { prepareBases, SCENARIOS, type Scenario } from '../faults/scenarios.ts';
import { type Row, rehearse, rowOf, tryEach, tryFault, tryKill } from '../faults/tries.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('faults');
const folder = scratch();
const KINDS = Object.keys(FAULTS);

test.before(() => prepareBases(folder));

const verbOf = ({ words }: Scenario): string => words('', '', '')[0]!;
/** Kills of these are the matter of bulk.test.ts and renewal-kills.test.ts. */
const KILLED_ELSEWHERE = ['sign-csr', 'renew', 'rekey'];

const problemsOf = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ fault, problems }) => problems.map(problem => `${fault}, ${problem}`));

test('generate: every command fails once, the error names its job, nothing is left, and the next run works', async () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'generate')!;
  const { calls } = await rehearse(folder, scenario);
  assert.ok(calls > 30, `${calls} commands`);
  const row = rowOf(scenario.name, 'in turn');
  await tryEach(folder, scenario, row, calls, ['exit code', 'killed by a signal', 'output truncated']);
  assert.equal(problemsOf([row]), []);
  assert.is(row.tried, calls);
});

SCENARIOS.filter(scenario => verbOf(scenario) !== 'generate').forEach((scenario, i) => {
  test(`${scenario.name} leaves nothing half done`, async () => {
    const { calls, duration } = await rehearse(folder, scenario);
    const row = rowOf(scenario.name, KINDS[i % KINDS.length]!);
    const kill = rowOf(scenario.name, 'kill -9');
    if (KILLED_ELSEWHERE.includes(verbOf(scenario)) || i % 2 === 0)
      await tryFault(folder, scenario, row, 1 + Math.floor(Math.random() * calls));
    else await tryKill(folder, scenario, kill, Math.floor(Math.random() * duration));
    assert.equal(problemsOf([row, kill]), []);
  });
});

test.run();
