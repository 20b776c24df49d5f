import * as fc from 'fast-check';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConfigProblem } from '../../scripts/lib/errors.ts';
import { parseIni } from '../../scripts/lib/model/ini-text.ts';

const suite = makeSuite('ini-text');

/** Facts as `section/key = value @line`, problems as `line expected`. */
function read(text: string): { facts: string[]; problems: string[] } {
  const problems: ConfigProblem[] = [];
  const sections = parseIni(text, 'x.ini', problems);
  const facts = [...sections].flatMap(([section, keys]) =>
    [...keys].map(([key, { value, line }]) => `${section}/${key} = ${value} @${line}`),
  );
  return { facts, problems: problems.map(({ line, expected }) => `${line} ${expected}`) };
}

const COMMENT = 'no ";" or "#" in a value without double quotes (a comment stands in a line of its own)';
const SECTION = 'a section such as [certificate], alone on its line';

const accepted: readonly [name: string, text: string, facts: string[]][] = [
  ['keys before the first section are in section ""', 'a = 1\n[s]\nb = 2\n', ['/a = 1 @1', 's/b = 2 @3']],
  ['line numbers count comments and blank lines', '; one\n\n# three\na = 4\n', ['/a = 4 @4']],
  ['CRLF and CR end a line as LF does', 'a = 1\r\nb = 2\rc = 3\n', ['/a = 1 @1', '/b = 2 @2', '/c = 3 @3']],
  [
    'true, false and null stay text',
    'a = true\nb = false\nc = null\n',
    ['/a = true @1', '/b = false @2', '/c = null @3'],
  ],
  ['numbers stay text', 'a = 0123\nb = 1e3\n', ['/a = 0123 @1', '/b = 1e3 @2']],
  ['a quoted value may hold ; and #', 'a = "x; y # z"\n', ['/a = x; y # z @1']],
  ['a quoted value keeps its blanks', 'a = " x "\n', ['/a =  x  @1']],
  ['an empty value is a fact', 'a =\nb = ""\n', ['/a =  @1', '/b =  @2']],
  ['a value may hold =', 'a = b=c\n', ['/a = b=c @1']],
  ['the same key may stand in two sections', '[s]\na = 1\n[t]\na = 2\n', ['s/a = 1 @2', 't/a = 2 @4']],
  ['a byte order mark before a key is passed over', '\uFEFFa = 1\n', ['/a = 1 @1']],
  ['a byte order mark before a comment is passed over', '\uFEFF; x\na = 1\n', ['/a = 1 @2']],
  ['a byte order mark before a section is passed over', '\uFEFF[s]\na = 1\n', ['s/a = 1 @2']],
  ['an indented section is a section', '  [s]\na = 1\n', ['s/a = 1 @2']],
  [
    'names of JavaScript are keys like others',
    'constructor = 1\ntoString = 2\n',
    ['/constructor = 1 @1', '/toString = 2 @2'],
  ],
  ['a section may have two words', '[urls x-y_z]\na = 1\n', ['urls x-y_z/a = 1 @2']],
  ['an empty text has no facts', '', []],
];
for (const [name, text, facts] of accepted)
  suite(name, () => {
    assert.equal(read(text), { facts, problems: [] });
  });

const refused: readonly [name: string, text: string, problem: string][] = [
  ['a repeated key is refused in its second line', 'a = 1\na = 2\n', '2 each key once in a section'],
  ['a repeated section is refused', '[s]\na = 1\n[s]\nb = 1\n', '3 each section once'],
  ['; in an unquoted value is refused', 'a = x ; y\n', `1 ${COMMENT}`],
  ['# in an unquoted value is refused', 'a = x#y\n', `1 ${COMMENT}`],
  ['a bare key is refused', '[s]\nabc\n', '2 key = value'],
  ['a line without a key is refused', '= x\n', '1 key = value'],
  ['a nested section name is refused', '[a.b]\n', `1 ${SECTION}`],
  ['a section that does not end is refused', '[a\n', `1 ${SECTION}`],
  ['a comment after a section is refused', '[a] ; x\n', `1 ${SECTION}`],
  ['an empty section name is refused', '[]\n', `1 ${SECTION}`],
  ['__proto__ is no section', '[__proto__]\n', `1 ${SECTION}`],
  ['an array key is refused', 'a[] = x\n', '1 a key of letters, digits, "-" and "."'],
  ['a quote that does not end is refused', 'a = "x\n', '1 a value without quotes, or wholly in double quotes'],
  ['single quotes are refused', "a = 'x'\n", '1 a value without quotes, or wholly in double quotes'],
  ['text after a quoted value is refused', 'a = "x" y\n', '1 a value without quotes, or wholly in double quotes'],
  ['a backslash is refused', 'a = x\\y\n', '1 no backslash in a value'],
];
for (const [name, text, problem] of refused)
  suite(name, () => {
    assert.equal(read(text).problems, [problem]);
  });

suite('every mistake of a text is reported, not the first alone', () => {
  const { problems } = read('a = 1\na = 2\nb\nc = x#y\n');
  assert.equal(
    problems.map(problem => problem.split(' ')[0]),
    ['2', '3', '4'],
  );
});

suite('a mistake does not make a sound line a mistake', () => {
  assert.equal(read('x = 1\n[x.y]\n').problems, [`2 ${SECTION}`]);
});

for (const [line, facts] of [
  ['[s', ['s/a = 1 @2', 't/b = 2 @4']],
  ['[s] ; comment', ['s/a = 1 @2', 't/b = 2 @4']],
  ['[s ../x]', ['t/b = 2 @4']],
  ['[s.x]', ['t/b = 2 @4']],
] as const)
  suite(`${line} is one mistake, and what follows it none`, () => {
    assert.equal(read(`${line}\na = 1\n[t]\nb = 2\n`), { facts, problems: [`1 ${SECTION}`] });
  });

/** Texts that look like ini more often than any text does. */
const iniLike = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('[a]', '[a.b]', '[]', ' [a]', '[__proto__]', '[constructor]', 'a = 1', 'a', 'a[] = 1', 'b = "x'),
      fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'a.b'), fc.string()).map(pair => pair.join(' = ')),
    ),
  )
  .map(lines => lines.join('\n'));

suite('no text makes it throw, and each value is a text of a line that is there', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), iniLike), text => {
      const lines = text.split(/\r\n|\n|\r/).length;
      for (const section of parseIni(text, 'x.ini', []).values())
        for (const { value, line } of section.values()) {
          assert.type(value, 'string');
          assert.ok(line >= 1 && line <= lines);
        }
    }),
    { numRuns: 500 },
  );
});

suite('a line without "=" is told without a key', () => {
  const problems: ConfigProblem[] = [];
  parseIni('abc\n', 'x.ini', problems);
  assert.equal(
    problems.map(({ key, found, expected }) => [key, found, expected]),
    [[undefined, 'abc', 'key = value']],
  );
});

suite('no blanks are needed around "=", and a value is looked at from its first character', () => {
  const problems: ConfigProblem[] = [];
  const facts = parseIni('a=b\n\uFEFFc=d\n', 'x.ini', problems);
  assert.equal([facts.get('')!.get('a')!.value, facts.get('')!.get('c')!.value, problems.length], ['b', 'd', 0]);
  parseIni('a="b\n', 'x.ini', problems);
  assert.is(problems.length, 1);
});

suite.run();
