// Key types that openssl here makes, asked of openssl itself.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../scripts/lib/errors.ts';
import { parseKeyType } from '../../scripts/lib/model/key-type.ts';
import { surroundingsIn } from '../../scripts/lib/run/exec.ts';
import { requireKeyType } from '../../scripts/lib/run/tools.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('tools');

/** The message where the type is refused. */
const refusalOf = (type: string, isForced = false): Promise<string | undefined> =>
  inScratch(async folder => {
    try {
      await requireKeyType(parseKeyType(type), isForced, surroundingsIn(folder, process.env, new AbortController()));
      return undefined;
    } catch (error) {
      assert.instance(error, UsageError);
      return `${(error as UsageError).message}: ${(error as UsageError).hint}`;
    }
  });

for (const type of ['ec:prime256v1', 'ec:secp224r1', 'ec:brainpoolP320r1', 'ed448', 'rsa:2048'])
  suite(`${type} is taken`, async () => {
    assert.is(await refusalOf(type), undefined);
  });

suite('a curve below 224 bits is weak, and is made where that is forced', async () => {
  assert.match(
    (await refusalOf('ec:prime192v1'))!,
    /curve "prime192v1" of 192 bits is too weak: at least 224 are asked for/,
  );
  assert.is(await refusalOf('ec:prime192v1', true), undefined);
});

suite('a curve or algorithm that openssl does not make is told with what is near', async () => {
  assert.match((await refusalOf('ec:secp384r2'))!, /unknown curve "secp384r2": did you mean "ec:secp384r1"\?/);
  assert.match((await refusalOf('ed25520'))!, /unknown key type "ed25520"/);
  assert.match((await refusalOf('x25519'))!, /the installed openssl makes no signing key of it/);
});

suite.run();
