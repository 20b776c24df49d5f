import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandError } from '../../scripts/lib/errors.ts';
import { tryOnce } from '../../scripts/lib/run/token-queue.ts';
import { rejection } from '../helpers/rejection.ts';

const suite = makeSuite('token queue');

suite('a token is tried once with a PIN that it refuses; with another one it is tried', async () => {
  let tried = 0;
  const answer = (stderr: string) => async () => {
    tried++;
    throw new CommandError('look', 'exited with 1', 'pkcs11-tool', stderr);
  };
  const refusing = answer('error: PKCS11 function C_Login failed: rv = CKR_PIN_INCORRECT (0xa0)');
  for (let i = 0; i < 3; i++) assert.instance(await rejection(tryOnce('a', '1111', refusing)), CommandError);
  assert.is(tried, 1);
  assert.is(await tryOnce('a', '2222', async () => 'done'), 'done');
  await rejection(tryOnce('b', '1111', refusing));
  assert.is(tried, 2);
  for (let i = 0; i < 2; i++) await rejection(tryOnce('c', '1111', answer('the token was pulled out')));
  assert.is(tried, 4);
});

suite.run();
