// What was tried and what held, as tables.
import { tableOf } from '../../scripts/bench/page.ts';
import type { Row } from './tries.ts';

/** Tries of which at least one thing did not hold. */
const failedIn = ({ problems }: Row): number => new Set(problems.map(problem => problem.split(':')[0])).size;

/** `34`: all held; `34 (2)`: two runs of these the fault did not make fail; `31 of 34`: three did not hold. */
function cell(row: Row | undefined): string {
  if (!row) return '';
  const failed = failedIn(row);
  return failed > 0
    ? `**${row.tried - failed} of ${row.tried}**`
    : `${row.tried}${row.harmless > 0 ? ` (${row.harmless})` : ''}`;
}

/** A line for each scenario, a column for each fault. */
export function faultTable(rows: readonly Row[]): string {
  const faults = [...new Set(rows.map(({ fault }) => fault))];
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const find = (scenario: string, fault: string) => rows.find(row => row.scenario === scenario && row.fault === fault);
  return tableOf(
    ['what', ...faults],
    scenarios.map(scenario => [scenario, ...faults.map(fault => cell(find(scenario, fault)))]),
  );
}

/** A line for each circumstance. */
export const circumstanceTable = (rows: readonly Row[]): string =>
  tableOf(
    ['circumstance', 'runs', 'held'],
    rows.map(row => [row.fault, String(row.tried), failedIn(row) === 0 ? 'all' : String(row.tried - failedIn(row))]),
  );
