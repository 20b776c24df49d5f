// One try: a run in which a fault strikes or that is killed; what it left behind; the next run, which has to succeed.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cleanEnvironment, type Ended, leftovers, MAIN, start } from '../helpers/door.ts';
import { FAULTS, makeDoubles } from './doubles.ts';
import { program, type Scenario } from './scenarios.ts';

/** What was tried, and what did not hold. */
export interface Row {
  readonly scenario: string;
  readonly fault: string;
  tried: number;
  /** Runs that the fault did not make fail: it struck what had no output. */
  harmless: number;
  readonly problems: string[];
}

export const rowOf = (scenario: string, fault: string): Row => ({
  scenario,
  fault,
  tried: 0,
  harmless: 0,
  problems: [],
});

/** A place with tools of its own in `folder`. */
function makePlace(folder: string, id: string, scenario: Scenario, fault: string) {
  const place = join(folder, id.replaceAll(' ', '-'));
  const bin = join(place, 'bin');
  makeDoubles(bin, fault);
  mkdirSync(join(place, 'out'));
  const directory = join(place, 'pki');
  if (scenario.base !== undefined) cpSync(join(folder, scenario.base), directory, { recursive: true });
  const environment = cleanEnvironment({ PATH: `${bin}${delimiter}${process.env.PATH}`, TMPDIR: place });
  const words = scenario.words(directory, join(place, 'out'), folder);
  return {
    place,
    directory,
    run: () => start(process.execPath, [MAIN, ...words], { cwd: place, env: environment }),
    calls: () => Number(readFileSync(join(bin, 'count'), 'utf8')),
    fail: (at: number, kind: string) => {
      writeFileSync(join(bin, 'count'), '0\n');
      writeFileSync(join(bin, 'fault'), `${at}:${kind}\n`);
    },
    heal: () => writeFileSync(join(bin, 'fault'), '0:none\n'),
    remove: () => rmSync(place, { recursive: true, force: true }),
  };
}
type Place = ReturnType<typeof makePlace>;

const verify = ({ directory, place }: Place) => program(place, 'verify', directory);

/** What a run that ended by itself must not leave. */
function judgeEnd(
  { place, directory }: Place,
  { base, says = /error: |refused: / }: Scenario,
  { status, stdout, stderr }: Ended,
): string[] {
  const problems: string[] = [];
  if (/this is a bug of trustme-pki/.test(stderr)) problems.push(`a bug: ${stderr.slice(0, 300)}`);
  const secrets = readdirSync(place).filter(name => /\.key$/.test(name) || /^trustme-pki/.test(name));
  if (secrets.length > 0) problems.push(`secrets left: ${secrets.join(', ')}`);
  if (status === 0) return problems;
  if (!says.test(stderr + stdout)) problems.push(`no clear error: ${stderr.slice(-200)}`);
  if (leftovers(place).length > 0) problems.push(`left behind: ${leftovers(place).join(', ')}`);
  if (base === undefined && existsSync(directory)) problems.push('published after a failure');
  return problems;
}

/** What is wrong after a try; then the next run, which has to succeed. */
async function judge(place: Place, scenario: Scenario, ended: Ended, isKilled: boolean): Promise<string[]> {
  const problems = isKilled ? [] : judgeEnd(place, scenario, ended);
  if (existsSync(place.directory) && !existsSync(join(place.directory, '.pki/journal.json'))) {
    const after = await verify(place);
    // What was signed when the disk failed stays, so that it can be revoked; the next run enters it and hands it out.
    const others = after.stdout.split('\n').filter(line => line.startsWith('error') && !line.endsWith('[row-missing]'));
    if (others.length > 0) problems.push(`not sound afterwards: ${others.join('; ').slice(0, 300)}`);
  }
  place.heal();
  if (!(scenario.isOnce && (isKilled || ended.status === 0))) {
    const next = await place.run().ended;
    if (next.status !== 0) problems.push(`the next run failed: ${next.stderr.slice(-300)}`);
  } else if (isKilled) await place.run().ended; // carried out before the kill, or now
  const end = await verify(place);
  if (end.status !== 0) problems.push(`not sound in the end: ${end.stdout.slice(0, 300)}`);
  if (leftovers(place.place).length > 0) problems.push(`left behind in the end: ${leftovers(place.place).join(', ')}`);
  return problems;
}

/** The commands that a scenario runs without a fault, and how long it takes (ms). */
export async function rehearse(folder: string, scenario: Scenario): Promise<{ calls: number; duration: number }> {
  const place = makePlace(folder, `trial ${scenario.name}`, scenario, '0:none');
  const began = Date.now();
  const { status, stderr } = await place.run().ended;
  if (status !== 0) throw new Error(`${scenario.name} fails without a fault: ${stderr}`);
  const result = { calls: place.calls(), duration: Date.now() - began };
  place.remove();
  return result;
}

/** Only a fault in what a command makes may do no harm: one that fails has to fail the run. */
function enter(row: Row, kind: string, at: number, { status }: Ended, problems: readonly string[]): void {
  row.tried++;
  if (status === 0) row.harmless++;
  const isPassedOver = status === 0 && !FAULTS[kind]!.includes('"$real"');
  for (const problem of [...(isPassedOver ? ['the run went on'] : []), ...problems])
    row.problems.push(`command ${at}: ${problem}`);
}

/** A fault in the command `at` (from 1). */
export async function tryFault(folder: string, scenario: Scenario, row: Row, at: number): Promise<void> {
  const place = makePlace(folder, `${scenario.name} ${row.fault} ${at}`, scenario, `${at}:${row.fault}`);
  const ended = await place.run().ended;
  enter(row, row.fault, at, ended, await judge(place, scenario, ended, false));
  place.remove();
}

/** A fault in every command of a generation, the kinds in turn, in one place: what fails leaves nothing behind. */
export async function tryEach(folder: string, scenario: Scenario, row: Row, calls: number, kinds: readonly string[]) {
  const place = makePlace(folder, `${scenario.name} each`, scenario, '0:none');
  for (let at = 1; at <= calls; at++) {
    const kind = kinds[at % kinds.length]!;
    place.fail(at, kind);
    const ended = await place.run().ended;
    enter(row, kind, at, ended, judgeEnd(place, scenario, ended));
    rmSync(place.directory, { recursive: true, force: true });
  }
  place.heal();
  const next = await place.run().ended;
  if (next.status !== 0) row.problems.push(`the next run failed: ${next.stderr.slice(-300)}`);
  place.remove();
}

/** kill -9 after so many milliseconds. */
export async function tryKill(folder: string, scenario: Scenario, row: Row, after: number): Promise<void> {
  const place = makePlace(folder, `${scenario.name} kill ${row.tried} ${after}`, scenario, '0:none');
  const { child, ended } = place.run();
  setTimeout(() => child.kill('SIGKILL'), after);
  row.tried++;
  const result = await ended;
  if (result.status === 0) row.harmless++;
  for (const problem of await judge(place, scenario, result, true)) row.problems.push(`after ${after} ms: ${problem}`);
  place.remove();
}
