import { setImmediate } from 'node:timers/promises';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { inSlices } from '../../scripts/lib/run/slices.ts';
import { rejection } from '../helpers/rejection.ts';

const suite = makeSuite('slices');
const items = Array.from({ length: 1000 }, (_, i) => i);

suite('results come in order, and others have their turn in between', async () => {
  const turns: number[] = [];
  let done = 0;
  const other = (async () => {
    while (done < items.length) {
      await setImmediate();
      turns.push(done);
    }
  })();
  const results = await inSlices(items, i => {
    done++;
    return 2 * i;
  });
  await other;
  assert.equal(
    results,
    items.map(i => 2 * i),
  );
  assert.ok(turns.filter(turn => turn > 0 && turn < items.length).length >= 10, turns.join());
});

suite('the first failure ends it', async () => {
  const reason = new Error('no');
  let asked = 0;
  const failing = inSlices(items, i => {
    asked++;
    if (i === 70) throw reason;
  });
  assert.is(await rejection(failing), reason);
  assert.is(asked, 71);
  assert.equal(await inSlices([], () => 1), []);
});

suite.run();
