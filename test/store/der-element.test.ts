// Elements of DER, cut out as they lie there.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { elementsOf, firstElement } from '../../scripts/lib/store/der-element.ts';

const suite = makeSuite('DER elements');
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

suite('short and long lengths, and what follows is passed over', () => {
  const { tag, whole, content } = firstElement(bytes('04 02 aabb 0000'));
  assert.equal([tag, whole.toString('hex'), content.toString('hex')], [4, '0402aabb', 'aabb']);
  const long = firstElement(Buffer.concat([bytes('30 820100'), Buffer.alloc(300)]));
  assert.equal([long.whole.length, long.content.length], [260, 256]);
});

suite('parts in their order', () => {
  const parts = elementsOf(firstElement(bytes('30 08 02 01 07 04 03 010203')));
  assert.equal(
    parts.map(({ tag, content }) => [tag, content.toString('hex')]),
    [
      [2, '07'],
      [4, '010203'],
    ],
  );
});

for (const [hex, what] of [
  ['', 'nothing'],
  ['30', 'no length'],
  ['3080 0000', 'an indefinite length'],
  ['3082 01', 'half a length'],
  ['30ff 00', 'a length of 127 octets'],
  ['3005 0201', 'cut off'],
] as const)
  suite(`${what} is a RangeError`, () => {
    assert.throws(
      () => firstElement(bytes(hex)),
      (error: unknown) => error instanceof RangeError,
    );
  });

suite('a part that is not there, or is cut off inside, is a RangeError', () => {
  for (const parent of [undefined, firstElement(bytes('3003 0405 00'))])
    assert.throws(
      () => elementsOf(parent),
      (error: unknown) => error instanceof RangeError,
    );
});

suite.run();
