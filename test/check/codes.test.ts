// docs/verify.md lists every code that the sources have, with its severity, and no other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../helpers/door.ts';

const test = suite('codes');
const CHECK = join(ROOT, 'scripts/lib/check');

const codesOf = (text: string): string[] =>
  [...text.matchAll(/\b(error|warning|info)\(\s*'([a-z-]+)'/g)].map(([, severity, code]) => `${code} ${severity}`);

const inSources = readdirSync(CHECK).flatMap(name => codesOf(readFileSync(join(CHECK, name), 'utf8')));
const page = readFileSync(join(ROOT, 'docs/verify.md'), 'utf8');
const inPage = [...page.matchAll(/^\| `([a-z-]+)` \| (error|warning|info) \|/gm)].map(
  ([, code, severity]) => `${code} ${severity}`,
);

test('the table of docs/verify.md and the sources have the same codes', () => {
  assert.ok(inSources.length > 40);
  assert.equal([...inPage].sort(), [...new Set(inSources)].sort());
});

test('a code has one severity', () => {
  const codes = [...new Set(inSources)].map(each => each.split(' ')[0]);
  assert.is(new Set(codes).size, codes.length);
});

test('every code is made on purpose by a test', () => {
  const tests = readdirSync(join(ROOT, 'test/check')).map(name => readFileSync(join(ROOT, 'test/check', name), 'utf8'));
  const untested = inPage.map(each => each.split(' ')[0]!).filter(code => !tests.some(text => text.includes(code)));
  assert.equal(untested, []);
});

test.run();
