// A part of `npm run test:faults` that fits every run: each scenario meets a fault at a random command, and a kill.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAULTS } from '../faults/doubles.ts';
import { prepareBases, SCENARIOS, type Scenario } from '../faults/scenarios.ts';
import { rehearse, rowOf, tryFault, tryKill } from '../faults/tries.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('faults');
const folder = scratch();
const KINDS = Object.keys(FAULTS);

test.before(() => prepareBases(folder));

const verbOf = ({ words }: Scenario): string => words('', '', '')[0]!;
/** Kills of these are the matter of bulk.test.ts and renewal-kills.test.ts. */
const KILLED_ELSEWHERE = ['sign-csr', 'renew', 'rekey'];

// The commands of both phases of generate fail one by one in interruption.test.ts.
SCENARIOS.filter(scenario => verbOf(scenario) !== 'generate').forEach((scenario, i) => {
  test(`${scenario.name} leaves nothing half done`, async () => {
    const { calls, duration } = await rehearse(folder, scenario);
    const row = rowOf(scenario.name, KINDS[i % KINDS.length]!);
    const kill = rowOf(scenario.name, 'kill -9');
    await Promise.all([
      tryFault(folder, scenario, row, 1 + Math.floor(Math.random() * calls)),
      ...(KILLED_ELSEWHERE.includes(verbOf(scenario))
        ? []
        : [tryKill(folder, scenario, kill, Math.floor(Math.random() * duration))]),
    ]);
    assert.equal(
      [row, kill].flatMap(({ fault, problems }) => problems.map(problem => `${fault}, ${problem}`)),
      [],
    );
  });
});

test.run();
