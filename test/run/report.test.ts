import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { command, type Job, job } from '../../scripts/lib/plan/job.ts';
import { makeReport } from '../../scripts/lib/run/report.ts';

const suite = makeSuite('report');

const run = command('true', []);
const jobs: Job[] = [
  job('a.key', [], run, { makesKey: true }),
  job('a.cnf', [], { kind: 'write', text: '' }),
  job('b.cert', [], run),
];

/** All that a report of two commands, a file and a note writes. */
function reported(stream: { isTTY?: boolean; columns?: number }, isQuiet: boolean): string[] {
  const written: string[] = [];
  const fake = { ...stream, write: (text: string) => written.push(text) };
  const report = makeReport(fake as unknown as NodeJS.WriteStream, isQuiet);
  report.begin(jobs);
  for (const each of jobs) {
    report.started?.(each);
    report.done?.(each);
  }
  report.note('a note');
  report.end();
  return written.filter(text => text !== '');
}

suite('quiet, it prints nothing, on a terminal or elsewhere', () => {
  assert.equal(reported({ isTTY: true, columns: 80 }, true), []);
  assert.equal(reported({}, true), []);
});

suite('elsewhere it prints one line a command that is done, and no escape', () => {
  assert.equal(reported({}, false), ['keys 1/1, steps 1/2: a.key\n', 'keys 1/1, steps 2/2: b.cert\n', 'a note\n']);
});

suite('on a terminal it writes over one line, and clears it for a note and at the end', () => {
  assert.equal(reported({ isTTY: true, columns: 80 }, false), [
    '\r\x1b[Kkeys 0/1, steps 0/2: a.key',
    '\r\x1b[Kkeys 1/1, steps 1/2: b.cert',
    '\r\x1b[Ka note\n',
    '\r\x1b[K',
  ]);
});

suite('a narrow terminal gets a line that does not wrap', () => {
  const [first = ''] = reported({ isTTY: true, columns: 10 }, false);
  assert.is(first, '\r\x1b[Kkeys 0/1,');
});

suite.run();
