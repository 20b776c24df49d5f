import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandError, Interrupted, StateError } from '../../scripts/lib/errors.ts';
import { command, type Job, job, type Step } from '../../scripts/lib/plan/job.ts';
import type { Surroundings } from '../../scripts/lib/run/exec.ts';
import { execute } from '../../scripts/lib/run/execute.ts';
import { rejection } from '../helpers/rejection.ts';
import { inScratch } from '../helpers/scratch.ts';
import { surroundingsOf } from '../helpers/surroundings.ts';

const suite = makeSuite('execute');

const write = (text: string): Step => ({ kind: 'write', text });
const run = (tool: string, ...args: string[]): Step => command(tool, args);

const ENVIRONMENT = { PATH: process.env.PATH, HOME: '/home/x', LC_ALL: 'de_DE.UTF-8', MINE: 'caller' };

const surroundings = (folder: string, { secretOf, controller }: Partial<Surroundings> = {}): Surroundings =>
  surroundingsOf(folder, ENVIRONMENT, secretOf, controller);

/** Ids in the order in which jobs were started. */
async function orderOf(jobs: Job[], width: number): Promise<string[]> {
  const order: string[] = [];
  await inScratch(folder => execute(jobs, width, surroundings(folder), { started: ({ id }) => order.push(id) }));
  return order;
}

suite('files are made in the order of their needs, with their content and mode', () =>
  inScratch(async folder => {
    const parts = [{ file: 'a' }, { file: 'sub/b' }];
    const jobs = [
      job('c', ['a', 'sub/b'], { kind: 'concatenate', parts, mode: 0o600 }),
      job('sub/b', ['a'], write('B')),
      job('a', [], write('A')),
    ];
    await execute(jobs, 2, surroundings(folder));
    assert.is(readFileSync(join(folder, 'c'), 'utf8'), 'AB');
    assert.is(statSync(join(folder, 'c')).mode & 0o777, 0o600);
    assert.is(statSync(join(folder, 'a')).mode & 0o777, 0o644);
  }));

suite('no job comes before what it needs, at any width', async () => {
  const needs: Record<string, string[]> = { d: ['b', 'c'], b: ['a'], c: ['a'], a: [], e: ['d'] };
  const jobs = Object.entries(needs).map(([id, ids]) => job(id, ids, run('true')));
  for (const width of [0, 1, 2, 8]) {
    const order = await orderOf(jobs, width);
    assert.is(order.length, jobs.length);
    for (const [id, ids] of Object.entries(needs))
      for (const need of ids) assert.ok(order.indexOf(need) < order.indexOf(id), `${width}: ${order}`);
  }
});

suite('a job that makes a key yields to every other that is ready', async () => {
  const jobs = [job('k', [], run('true'), { makesKey: true }), job('a', [], run('true')), job('b', ['a'], run('true'))];
  assert.equal(await orderOf(jobs, 1), ['a', 'b', 'k']);
});

suite('no jobs, no work', async () => {
  assert.equal(await orderOf([], 4), []);
});

suite('at most WIDTH commands run at once, and that many do', async () => {
  for (const width of [1, 3]) {
    let [now, most] = [0, 0];
    const jobs = Array.from({ length: 6 }, (_, i) => job(`${i}`, [], run('sleep', '0.05')));
    const progress = {
      started: () => {
        most = Math.max(most, ++now);
      },
      done: () => {
        now--;
      },
    };
    await inScratch(folder => execute(jobs, width, surroundings(folder), progress));
    assert.is(most, width);
  }
});

suite('the first failure stops what runs, starts nothing more, and is what it rejects with', () =>
  inScratch(async folder => {
    const finished: string[] = [];
    const jobs = [
      job('long', [], run('sleep', '30')),
      job('fails', [], run('false')),
      job('after', ['fails'], write('x')),
      job('last', ['long'], write('x')),
    ];
    const begun = Date.now();
    const error = await rejection(execute(jobs, 2, surroundings(folder), { done: ({ id }) => finished.push(id) }));
    assert.ok(error instanceof CommandError);
    assert.is(error.job, 'fails');
    assert.is(error.ending, 'exited with 1');
    assert.ok(Date.now() - begun < 10_000, 'the long command is killed');
    assert.equal(finished, []);
    assert.not.ok(existsSync(join(folder, 'after')));
    assert.not.ok(existsSync(join(folder, 'last')));
  }));

suite('a failing file step is a failure like any other: nothing is written over', () =>
  inScratch(async folder => {
    writeFileSync(join(folder, 'a'), 'precious');
    const error = await rejection(execute([job('a', [], write('x'))], 1, surroundings(folder)));
    assert.match((error as StateError).message, /^job "a": cannot open "a": it is there already \(EEXIST\)$/);
    assert.is(readFileSync(join(folder, 'a'), 'utf8'), 'precious');
  }));

suite('an interruption kills the whole group of a command and is what it rejects with', () =>
  inScratch(async folder => {
    const controller = new AbortController();
    const jobs = [job('a', [], run('sh', '-c', 'sleep 30 & echo $! > pid; wait'))];
    const reason = new Interrupted('SIGINT');
    const ended = rejection(execute(jobs, 1, surroundings(folder, { controller })));
    while (!existsSync(join(folder, 'pid')) || readFileSync(join(folder, 'pid'), 'utf8') === '') await delay(10);
    controller.abort(reason);
    assert.is(await ended, reason);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await delay(50);
    assert.not.ok(isRunning(pid), 'the grandchild is gone');
  }));

const delay = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** A process that ended and that nobody has waited for yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

suite('a run that is interrupted before it begins starts nothing', () =>
  inScratch(async folder => {
    const controller = new AbortController();
    const reason = new Interrupted('SIGTERM');
    controller.abort(reason);
    const jobs = [job('a', [], run('sh', '-c', ': > a'))];
    assert.is(await rejection(execute(jobs, 1, surroundings(folder, { controller }))), reason);
    assert.not.ok(existsSync(join(folder, 'a')));
  }));

suite('a command gets its own secrets, a fixed locale, and nothing else of the caller', () =>
  inScratch(async folder => {
    const environment = { kind: 'command', tool: 'sh', args: ['-c', 'env > a'], secrets: ['PASS'] } as const;
    const secretOf = (name: string) => `secret of ${name}`;
    await execute([job('a', [], environment)], 1, surroundings(folder, { secretOf }));
    const text = readFileSync(join(folder, 'a'), 'utf8');
    const names = text
      .trim()
      .split('\n')
      .map(line => line.split('=')[0]!);
    const ours = names.filter(name => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)).sort();
    assert.equal(ours, ['HOME', 'LC_ALL', 'OPENSSL_CONF', 'PASS', 'PATH', 'SSL_CERT_DIR', 'SSL_CERT_FILE', 'TZ']);
    assert.match(text, /^PASS=secret of PASS$/m);
    assert.match(text, /^LC_ALL=C$/m);
  }));

suite('a failed command shows the last lines of its stderr and a line to paste, not its secret', () =>
  inScratch(async folder => {
    const failing = command('sh', ['-c', 'for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3'], ['PASS']);
    const secretOf = () => 'hunter2';
    const error = await rejection(execute([job('x.key', [], failing)], 1, surroundings(folder, { secretOf })));
    assert.ok(error instanceof CommandError);
    assert.match(error.message, /^job "x\.key": exited with 3\n {2}\$ sh -c '/);
    assert.match(error.message, /\n {2}\| line 2\n[\s\S]*\| line 7$/);
    assert.not.match(error.message, /\| line 1|hunter2/);
  }));

const UNFIT: readonly (readonly [name: string, step: Step, message: string, hint: RegExp])[] = [
  [
    'no certificate where one should be',
    { kind: 'der', certificate: 'a' },
    'job "b": "a" holds no PEM certificate',
    /doctor/,
  ],
  [
    'no file at all',
    { kind: 'concatenate', parts: [{ file: 'gone' }], mode: 0o644 },
    'job "b": cannot open "gone": it is not there (ENOENT)',
    /removes files meanwhile/,
  ],
];
for (const [name, step, message, hint] of UNFIT)
  suite(`a step that finds ${name} names its job, and the file as the plan does`, () =>
    inScratch(async folder => {
      const error = await rejection(
        execute([job('a', [], write('A')), job('b', ['a'], step)], 1, surroundings(folder)),
      );
      assert.ok(error instanceof StateError);
      assert.is((error as StateError).message, message);
      assert.match((error as StateError).hint!, hint);
    }));

suite('a command that kills itself is named with its signal', () =>
  inScratch(async folder => {
    const error = await rejection(execute([job('a', [], run('sh', '-c', 'kill -9 $$'))], 1, surroundings(folder)));
    assert.is((error as CommandError).ending, 'was killed by SIGKILL');
  }));

suite('a tool that is not there is named', () =>
  inScratch(async folder => {
    const error = await rejection(execute([job('a', [], run('no-such-tool'))], 1, surroundings(folder)));
    assert.ok(error instanceof StateError);
    assert.is(error.message, 'no-such-tool was not found');
  }));

suite.run();
