import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { sideBySide, Workers } from '../../scripts/lib/run/workers.ts';
import { rejection } from '../helpers/rejection.ts';

const suite = makeSuite('workers');

const soon = () => new Promise(resolve => setTimeout(resolve, 1));

suite('no more than the width runs at once, and all in the order in which they were asked for', async () => {
  const workers = new Workers(2);
  const began: number[] = [];
  let [running, most] = [0, 0];
  const work = async (i: number) => {
    began.push(i);
    most = Math.max(most, ++running);
    await soon();
    running--;
    return i;
  };
  const first = [0, 1, 2, 3].map(i => workers.run(() => work(i)));
  await first[0];
  const more = [4, 5].map(i => workers.run(() => work(i)));
  assert.equal(await Promise.all([...first, ...more]), [0, 1, 2, 3, 4, 5]);
  assert.equal(began, [0, 1, 2, 3, 4, 5]);
  assert.is(most, 2);
});

suite('after a failure what runs ends, and what waits does not begin', async () => {
  const workers = new Workers(2);
  const reason = new Error('no');
  const began: string[] = [];
  const fails = workers.run(async () => {
    began.push('fails');
    await soon();
    throw reason;
  });
  const runs = workers.run(async () => {
    began.push('runs');
    await soon();
    await soon();
    return 'done';
  });
  const waits = workers.run(async () => began.push('waits'));
  assert.is(await rejection(fails), reason);
  assert.is(await rejection(waits), reason);
  assert.is(await runs, 'done');
  assert.is(await rejection(workers.run(async () => began.push('late'))), reason);
  assert.equal(began, ['fails', 'runs']);
});

suite('side by side, results come in the order of the items, and nothing begins after a failure', async () => {
  const items = Array.from({ length: 20 }, (_, i) => i);
  const later = async (i: number) => {
    await new Promise(resolve => setTimeout(resolve, i % 3));
    return i;
  };
  assert.equal(await sideBySide(items, later), items);
  const began: number[] = [];
  const reason = new Error('no');
  const failing = async (i: number) => {
    began.push(i);
    await soon();
    throw reason;
  };
  assert.is(await rejection(sideBySide(items, failing)), reason);
  await later(2);
  assert.equal(began, items.slice(0, 8));
});

suite.run();
