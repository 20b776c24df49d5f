import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { nearest } from '../../scripts/lib/model/nearest.ts';

const suite = makeSuite('nearest');

const NAMES = ['keyUsage', 'extendedKeyUsage', 'basicConstraints', 'days'];
const table: readonly [word: string, expected: string | undefined][] = [
  ['keyUsage', 'keyUsage'],
  ['keyusage', 'keyUsage'],
  ['keyUsages', 'keyUsage'],
  ['kyUsge', 'keyUsage'],
  ['extendedkeyUsag', 'extendedKeyUsage'],
  ['basicConstrain', 'basicConstraints'],
  ['day', 'days'],
  ['validity', undefined],
  ['subjectAltName', undefined],
];
for (const [word, expected] of table)
  suite(`"${word}" most likely means ${expected ?? 'none of them'}`, () => {
    assert.is(nearest(word, NAMES), expected);
  });

suite('of two names at one distance the first is taken', () => {
  assert.is(nearest('ab', ['ac', 'ad']), 'ac');
});

suite('where there are no names there is none', () => {
  assert.is(nearest('x', []), undefined);
});

for (const [word, name, isClose] of [
  ['abcd', 'ab', true],
  ['abcd', 'a', false],
  ['abcdefghijkl', 'abcdefgh', true],
  ['abcdefghijkl', 'abcdefg', false],
  ['ac', 'abbc', true],
  ['abbc', 'ac', true],
  ['ac', 'abbbc', false],
] as const)
  suite(`"${name}" is ${isClose ? '' : 'not '}close to "${word}": two edits, or a third of the letters typed`, () => {
    assert.is(nearest(word, [name]), isClose ? name : undefined);
  });

suite.run();
