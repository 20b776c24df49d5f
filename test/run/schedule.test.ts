import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Job, job } from '../../scripts/lib/plan/job.ts';
import { Schedule } from '../../scripts/lib/run/schedule.ts';

const suite = makeSuite('schedule');

const write = (id: string, needs: string[] = []): Job => job(id, needs, { kind: 'write', text: '' });
const [a, b, c] = [write('a'), write('b'), write('c', ['a', 'b'])] as const;

suite('a job comes once what it needs is done, and none when all are', async () => {
  const schedule = new Schedule([c, a, b]);
  assert.equal([await schedule.next(), await schedule.next()], [a, b]);
  const [third, fourth] = [schedule.next(), schedule.next()];
  schedule.finish(a);
  schedule.finish(b);
  assert.is(await third, c);
  schedule.finish(c);
  assert.is(await fourth, undefined);
  assert.is(await schedule.next(), undefined);
});

suite('a job that ends after everything was stopped brings no other, and nobody waits for one', async () => {
  const schedule = new Schedule([a, b, c]);
  await schedule.next();
  await schedule.next();
  const waiting = schedule.next();
  schedule.stop();
  assert.is(await waiting, undefined);
  schedule.finish(a);
  assert.is(await schedule.next(), undefined);
  schedule.finish(b);
  assert.is(await schedule.next(), undefined);
});

suite.run();
