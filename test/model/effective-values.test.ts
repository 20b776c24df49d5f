// What `config` shows: each value, where it came from, and what it stands for instead.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type EffectiveValue,
  effectiveValues,
  formatOrigin,
  formatOverview,
  formatValues,
} from '../../scripts/lib/model/effective-values.ts';
import { entityOf, type OwnFiles, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('effective values');

const valuesOf = (stem: string, files: OwnFiles = {}, brand = 'trustme'): EffectiveValue[] =>
  effectiveValues(entityOf(readShipped(files), stem).facts, brand);
const find = (values: readonly EffectiveValue[], section: string, key: string): EffectiveValue => {
  const found = values.find(each => each.section === section && each.key === key);
  assert.ok(found, `[${section}] ${key}`);
  return found!;
};
const value = (given: Partial<EffectiveValue>): EffectiveValue => ({
  section: 'certificate',
  key: 'days',
  value: '10',
  file: 'a.ini',
  line: 3,
  overrode: [],
  ...given,
});

suite('a value says its file and line, and what it overrode, the strongest first', () => {
  const files = {
    'defaults.ini': '[subject]\ncountryName = FR\n',
    'customer/backend.ini': '\n[subject]\ncountryName = AT\n',
  };
  const country = find(valuesOf('backend', files), 'subject', 'countryName');
  assert.equal([country.value, country.file, country.line], ['AT', 'own/customer/backend.ini', 3]);
  assert.equal(
    country.overrode.map(({ value, file }) => [value, file]),
    [
      ['FR', 'own/defaults.ini'],
      ['DE', find(valuesOf('backend'), 'subject', 'countryName').file],
    ],
  );
});

suite('the brand is put into subjects, and nowhere else', () => {
  const files = {
    'customer/backend.ini': '[subject]\norganizationalUnitName = of {brand}\n',
  };
  assert.is(find(valuesOf('backend', files, "$& Acme's"), 'subject', 'organizationalUnitName').value, "of $& Acme's");
});

suite('an option of the command line has no line', () => {
  assert.is(formatOrigin({ file: '--days', line: 0 }), '--days');
  assert.is(formatOrigin({ file: 'a.ini', line: 7 }), 'a.ini:7');
});

suite('values are shown by section, what was overridden below, control characters escaped', () => {
  const text = formatValues([
    value({ overrode: [{ value: '5', file: 'b.ini', line: 9 }] }),
    value({ key: 'notAfter', value: 'a\u001b[31m' }),
    value({ section: 'subject', key: 'C', value: 'DE' }),
  ]);
  const width = 'notAfter = a?[31m'.length;
  assert.equal(text.split('\n'), [
    '',
    '[certificate]',
    `${'days = 10'.padEnd(width)}  a.ini:3`,
    `${'    instead of "5"'.padEnd(width)}  b.ini:9`,
    'notAfter = a\\u001b[31m  a.ini:3',
    '',
    '[subject]',
    `${'C = DE'.padEnd(width)}  a.ini:3`,
  ]);
});

suite('a long value does not push the origins of others away', () => {
  const [, , short = ''] = formatValues([value({}), value({ key: 'x', value: 'y'.repeat(500) })]).split('\n');
  assert.is(short.indexOf('a.ini'), 62);
});

suite('the overview has a line for each entity, in columns, then what all inherit', () => {
  const { hierarchy } = readShipped();
  const text = formatOverview(hierarchy.values(), [value({})]);
  const lines = text.split('\n');
  const [head = '', ...rows] = lines.slice(0, lines.indexOf(''));
  assert.equal(head.split(/ {2,}/), ['entity', 'issuer', 'key type', 'validity', 'file']);
  assert.is(rows.length, hierarchy.size);
  const rowOf = (stem: string) => rows.find(row => row.startsWith(`${stem} `))!.split(/ {2,}/);
  assert.equal(rowOf('gen_rootca').slice(0, 3), ['gen_rootca', '(self-signed)', 'rsa:4096']);
  assert.equal(rowOf('backend').slice(0, 2), ['backend', 'backend_subca']);
  for (const row of rows) assert.is(row.slice(0, head.indexOf('issuer')).trim().includes(' '), false, row);
  assert.ok(text.endsWith(`\n\ndefaults.ini:\n${formatValues([value({})])}`));
});

suite('an overview of nothing has its heads', () => {
  assert.match(formatOverview([], []), /^entity +issuer +key type +validity +file\n/);
});

suite.run();
