import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { rawValue } from '../../scripts/lib/model/raw-extension.ts';

const suite = makeSuite('raw extension');

const octets = (count: number): string => '00'.repeat(count);
for (const [what, hex, isTaken] of [
  ['no content', '0400', true],
  ['three octets', '0C0141', true],
  ['127 octets in the short form', `047F${octets(127)}`, true],
  ['128 octets in the long form', `048180${octets(128)}`, true],
  ['257 octets', `04820101${octets(257)}`, true],
  ['a length of four octets', `048400000001${octets(1)}`, true],
  ['a length of five octets', `04850000000001${octets(1)}`, false],
  ['the indefinite form', `0480${octets(128)}`, false],
  ['the indefinite form without content', '0480', false],
  ['a tag alone', '04', false],
  ['an octet too few', '0402FF', false],
  ['an octet too many', '0401FFFF', false],
  ['a length that is not whole', '048201', false],
  ['an octet too few in the long form', `048180${octets(127)}`, false],
  ['an octet too many in the long form', `048180${octets(129)}`, false],
] as const)
  suite(`${what} ${isTaken ? 'is' : 'is not'} one whole value`, () => {
    assert.is(rawValue(`DER:${hex}`) === undefined, isTaken);
  });

suite.run();
