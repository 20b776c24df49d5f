// Requests that wait, while a run beside us takes them away.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REQUESTS } from '../../scripts/lib/store/names.ts';
import { readPending } from '../../scripts/lib/store/requests.ts';
import { scratch, start } from '../helpers/door.ts';

const test = suite('pending requests');

test('a request that goes away while it is read is none', async () => {
  const path = scratch();
  mkdirSync(join(path, REQUESTS), { recursive: true });
  const loop = `const fs = require('node:fs');
    for (const end = Date.now() + 1500; Date.now() < end; ) {
      fs.mkdirSync('a'); fs.writeFileSync('a/request.csr', 'text'); fs.rmSync('a', { recursive: true });
    }`;
  const { ended } = start(process.execPath, ['-e', loop], { cwd: join(path, REQUESTS) });
  const found = new Set<string>();
  let status: number | null | undefined;
  const over = ended.then(end => {
    status = end.status;
  });
  while (status === undefined) {
    for (const stem of readPending(path).keys()) found.add(stem);
    await setImmediate();
  }
  await over;
  assert.is(status, 0);
  assert.equal([...found], ['a']);
});

test.run();
