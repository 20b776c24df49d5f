import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIndex, serialOf } from '../../scripts/lib/store/database-rows.ts';

const test = suite('database rows');

const ROWS: readonly [name: string, line: string, outcome: string][] = [
  ['a valid one', 'V\t300101000000Z\t\t0A\tunknown\t/CN=x', 'V A 2030-01-01T00:00:00.000Z'],
  ['after 2049', 'V\t20500101000000Z\t\t0A\tunknown\t/CN=x', 'V A 2050-01-01T00:00:00.000Z'],
  ['of the century before', 'E\t991231235959Z\t\t01\tunknown\t/CN=x', 'E 1 1999-12-31T23:59:59.000Z'],
  ['a revoked one', 'R\t300101000000Z\t260101000000Z\tff\tunknown\t/', 'R FF 2030-01-01T00:00:00.000Z'],
  ['with a reason', 'R\t300101000000Z\t260101000000Z,superseded\tFF\tu\t/', 'R FF 2030-01-01T00:00:00.000Z'],
  ['a tab in a name', 'V\t300101000000Z\t\t0A\tunknown\t/CN=x\\\ty', 'V A 2030-01-01T00:00:00.000Z'],
  ['a comment', '# made by hand', ''],
  ['an empty line', '', ''],
  ['too few fields', 'V\t300101000000Z\t\t0A\tunknown', 'it has 5 fields, not 6'],
  ['another status', 'X\t300101000000Z\t\t0A\tunknown\t/CN=x', 'its status is not V, R or E'],
  ['no expiry', 'V\t\t\t0A\tunknown\t/CN=x', 'its expiry is no UTCTime or GeneralizedTime'],
  ['a 13th month', 'V\t301301000000Z\t\t0A\tunknown\t/CN=x', 'its expiry is no UTCTime or GeneralizedTime'],
  ['revoked at no time', 'R\t300101000000Z\t\t0A\tunknown\t/', 'it is revoked without a time'],
  ['valid with a time', 'V\t300101000000Z\t260101000000Z\t0A\tu\t/', 'it has a time of revocation, and is not revoked'],
  ['no serial number', 'V\t300101000000Z\t\tx\tunknown\t/CN=x', 'its serial number is not hexadecimal'],
];
for (const [name, line, outcome] of ROWS)
  test(name, () => {
    const { rows, malformed } = parseIndex(`${line}\n`);
    const told = [
      ...rows.map(({ status, serial, expiry }) => `${status} ${serial} ${expiry.toISOString()}`),
      ...malformed.map(({ reason }) => reason),
    ];
    assert.equal(told, outcome === '' ? [] : [outcome]);
  });

test('mistakes have their line, and a serial number stands once', () => {
  const row = 'V\t300101000000Z\t\t0A\tunknown\t/CN=x';
  assert.equal(parseIndex(`${row}\n\nV\n${row}\n`).malformed, [
    { line: 3, reason: 'it has 1 fields, not 6' },
    { line: 4, reason: 'its serial number stands above' },
  ]);
});

test('serial numbers have one spelling', () => {
  assert.equal(['00', '0a', '10', '0010'].map(serialOf), ['0', 'A', '10', '10']);
});

test('only what is wanted is kept; what is no row, or stands twice, is told all the same', () => {
  const row = (serial: string, name: string) => `V\t270101000000Z\t\t${serial}\tunknown\t/CN=${name}`;
  const lines = [row('0A', 'one'), '', row('0B', 'two'), 'nonsense', row('0A', 'three'), row('0C', 'two')];
  for (const end of ['', '\n', '\n\n']) {
    const { rows, malformed } = parseIndex(`${lines.join('\n')}${end}`, ({ subject }) => subject === '/CN=two');
    assert.equal(
      rows.map(({ line, serial }) => [line, serial]),
      [
        [3, 'B'],
        [6, 'C'],
      ],
    );
    assert.equal(malformed, [
      { line: 4, reason: 'it has 1 fields, not 6' },
      { line: 5, reason: 'its serial number stands above' },
    ]);
  }
});

test.run();
