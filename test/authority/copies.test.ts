// Copies of requests, whose files are used again: openssl reads the request that was written last.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest } from '../../scripts/bench/requests.ts';
import { RequestCopies } from '../../scripts/lib/authority/copies.ts';
import { pemToDer } from '../../scripts/lib/model/pem.ts';
import { scratch, tool } from '../helpers/door.ts';

const test = suite('copies of requests');
const folder = scratch();

test('a shorter request in the file of a longer one is read as itself', async () => {
  const copies = new RequestCopies(join(folder, 'requests'));
  const first = copies.write(pemToDer(makeRequest(1_000_000_000)));
  copies.release([first]);
  const second = copies.write(pemToDer(makeRequest(1)));
  assert.is(second, first);
  const read = tool('openssl', ['req', '-inform', 'DER', '-in', second, '-noout', '-subject', '-verify'], folder);
  assert.match(read, /CN ?= ?device 1\n/);
  await copies.keep(0);
  assert.is.not(copies.write(pemToDer(makeRequest(2))), first);
});

test.run();
