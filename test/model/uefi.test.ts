// The UEFI variables of a hierarchy.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../scripts/lib/errors.ts';
import type { Hierarchy } from '../../scripts/lib/model/hierarchy.ts';
import { filling, heldBy, variablesIn } from '../../scripts/lib/model/uefi.ts';
import { readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('uefi');

const { hierarchy } = readShipped();
/** The hierarchy without the entities of these stems, or turned round. */
const without = (...stems: string[]): Hierarchy =>
  new Map([...hierarchy].filter(([stem]) => !stems.includes(stem))) as Hierarchy;
const reversed = new Map([...hierarchy].reverse()) as Hierarchy;

suite('in the order in which they are signed and enrolled, whatever that of the files', () => {
  for (const each of [hierarchy, reversed])
    assert.equal(
      variablesIn(each).map(({ stem, variable }) => [stem, variable.name, variable.authoriser]),
      [
        ['PK', 'PK', 'PK'],
        ['KEK', 'KEK', 'PK'],
        ['DB', 'db', 'KEK'],
        ['DBX', 'dbx', 'KEK'],
      ],
    );
});

suite('dbx holds no certificate of ours, and is not there without db', () => {
  assert.equal(variablesIn(hierarchy).at(-1)!.variable.contains, []);
  assert.equal(
    variablesIn(without('DB')).map(({ stem }) => stem),
    ['PK', 'KEK'],
  );
  assert.equal(variablesIn(without('PK', 'KEK', 'DB')), []);
});

suite('who fills a variable', () => {
  assert.is(filling(hierarchy, 'db'), 'DB');
  assert.is(filling(without('DB'), 'db'), '');
});

suite('a key is named by its variable in any case, or by its own name', () => {
  for (const [name, stem] of [
    ['DB', 'DB'],
    ['db', 'DB'],
    ['kek', 'KEK'],
    ['ssig_subca', 'ssig_subca'],
  ] as const)
    assert.is(heldBy(hierarchy, name), stem);
});

suite('what no variable holds is refused, and what would do is said once each', () => {
  for (const name of ['backend', 'SSIG_SUBCA', ''])
    assert.throws(
      () => heldBy(hierarchy, name),
      (error: unknown) =>
        error instanceof UsageError &&
        error.message === `no UEFI variable holds the certificate of "${name}"` &&
        [...error.hint!.replace('give one of ', '').split(', ')].sort().join() === 'DB,KEK,PK,db,ssig_subca',
      name,
    );
});

suite.run();
