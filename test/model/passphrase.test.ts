import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { StateError } from '../../scripts/lib/errors.ts';
import { choosePassphraseVariable, passphraseValue } from '../../scripts/lib/model/passphrase.ts';

const suite = makeSuite('passphrase');

const NEW = 'GYROIDOS_TEST_PASSWD_PKI';
const OLD = 'TRUSTME_TEST_PASSWD_PKI';

const table: readonly [name: string, names: string[], set: string[], expected: string | undefined][] = [
  ['no names, no variable', [], [NEW], undefined],
  ['the first that is set wins', [NEW, OLD], [NEW, OLD], NEW],
  ['a later one that is set wins over a development value', [NEW, OLD], [OLD], OLD],
  ['none set: the first with a development value', ['MINE', NEW, OLD], [], NEW],
  ['none set and none with a development value', ['MINE'], [], undefined],
  ['a name of JavaScript has no development value', ['toString'], [], undefined],
];
for (const [name, names, set, expected] of table)
  suite(name, () => {
    assert.is(
      choosePassphraseVariable(names, variable => set.includes(variable)),
      expected,
    );
  });

suite('a variable that is set is taken, an empty one is as if it were not set', () => {
  assert.is(passphraseValue(NEW, { [NEW]: 'secret' }), 'secret');
  assert.is(passphraseValue(NEW, { [NEW]: '' }), 'test1234');
  assert.is(passphraseValue(OLD, {}), 'test1234');
  assert.is(passphraseValue('MINE', {}), undefined);
});

suite('what is no UTF-8 text is refused by the name of its variable', () => {
  const error = (value: string) => {
    try {
      return passphraseValue('MINE', { MINE: value });
    } catch (thrown) {
      assert.instance(thrown, StateError);
      return (thrown as StateError).message;
    }
  };
  assert.match(error('pa\ufffdss')!, /^the secret in MINE is no UTF-8 text/);
  assert.not.match(error('pa\ufffdss')!, /pa\ufffdss/);
  assert.is(error('pä€😀'), 'pä€😀');
});

suite.run();
