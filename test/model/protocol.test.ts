// The protocol of a ceremony: what is written is read again, and what is not whole is none.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatEntry, formatSignature, isOneShot, parseProtocol, spoken } from '../../scripts/lib/model/protocol.ts';

const suite = makeSuite('protocol');

const KEY = Buffer.from('the public key');
const SIGNATURE = Buffer.from('the signature');
const entry = (number: number, previous = 'aa'): string =>
  formatEntry(
    number,
    [
      ['what', 'signs: a request'],
      ['time', '2026-01-02T03:04:05Z'],
    ],
    previous,
    KEY,
  );
const whole = (number: number, previous?: string): string => entry(number, previous) + formatSignature(SIGNATURE);

suite('an entry is lines that people read', () => {
  assert.is(
    entry(1),
    '== step 1 ==\nwhat: signs: a request\ntime: 2026-01-02T03:04:05Z\nprevious: aa\npublic key: dGhlIHB1YmxpYyBrZXk=\n',
  );
  assert.is(formatSignature(SIGNATURE), 'signature: dGhlIHNpZ25hdHVyZQ==\n\n');
});

suite('entries are read again: values, what is signed, where each begins', () => {
  const [first, second] = parseProtocol(whole(1) + whole(2, 'bb'));
  assert.is(first!.signed, entry(1));
  assert.is(second!.signed, entry(2, 'bb'));
  assert.equal([first!.previous, second!.previous], ['aa', 'bb']);
  assert.equal([first!.offset, second!.offset], [0, whole(1).length]);
  assert.is(first!.values.get('what'), 'signs: a request');
  assert.equal([first!.key, first!.signature], [KEY, SIGNATURE]);
  assert.equal([...first!.values.keys()], ['what', 'time', 'previous', 'public key']);
});

suite('a value makes neither a line of its own nor an entry, nor does it turn one round', () => {
  const written = formatEntry(1, [['subject', 'O=Own\n== step 9 ==\nkey: x\x1b[31m\u202ered\u2028']], 'aa', KEY);
  const [only, ...others] = parseProtocol(written + formatSignature(SIGNATURE));
  assert.equal(others, []);
  assert.is(only!.values.get('subject'), 'O=Own\\u000a== step 9 ==\\u000akey: x\\u001b[31m\\u202ered\\u2028');
  assert.equal([...only!.values.keys()], ['subject', 'previous', 'public key']);
});

suite('no text is no entry', () => {
  assert.equal(parseProtocol(''), []);
});

suite('what is not whole is refused', () => {
  for (const text of [
    entry(1),
    whole(1).slice(0, -1),
    `${whole(1)}note\n`,
    whole(1).replace('public key', 'key'),
    whole(1).replace('signature: ', 'signature: *'),
    whole(1) + entry(2),
  ])
    assert.throws(
      () => parseProtocol(text),
      (error: unknown) => error instanceof RangeError && error.message === 'an entry is not whole',
      text,
    );
  for (const text of ['note\n', `\n${whole(1)}`, ` ${whole(1)}`])
    assert.throws(() => parseProtocol(text), /it does not begin with a step/);
});

suite('an entry without a digest of what was before has an empty one', () => {
  const text = whole(1).replace('previous: aa\n', '');
  assert.is(parseProtocol(text)[0]!.previous, '');
});

suite('RSA and EC keys sign a digest; the others bring their own', () => {
  assert.equal(
    [
      ...['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.10', '1.2.840.10045.2.1'],
      ...['1.3.101.112', '1.3.101.113', '2.16.840.1.101.3.4.3.18'],
      undefined,
    ].map(isOneShot),
    [false, false, false, true, true, true, true],
  );
});

suite('digests are read aloud in groups of four', () => {
  assert.is(spoken('ab:cd:ef:01:23'), 'ABCD EF01 23');
  assert.is(spoken('abcdef01'), 'ABCD EF01');
  assert.is(spoken(''), '');
});

suite.run();
