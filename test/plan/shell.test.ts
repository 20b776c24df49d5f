import { execFileSync } from 'node:child_process';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { command } from '../../scripts/lib/plan/job.ts';
import { commandLine, quote } from '../../scripts/lib/plan/shell.ts';

const suite = makeSuite('shell');

const table: readonly [word: string, quoted: string][] = [
  ['-out', '-out'],
  ['ssig_rootca.key', 'ssig_rootca.key'],
  ['env:NAME', 'env:NAME'],
  ['rsa_keygen_bits:4096', 'rsa_keygen_bits:4096'],
  ['', "''"],
  ['a b', "'a b'"],
  ['$HOME', "'$HOME'"],
  ['~', "'~'"],
  ['a;b', "'a;b'"],
  ["it's", "'it'\\''s'"],
  ['a\nb', "'a\nb'"],
  ['ü', "'ü'"],
];
for (const [word, quoted] of table)
  suite(`${JSON.stringify(word)} is written as ${JSON.stringify(quoted)}`, () => {
    assert.is(quote(word), quoted);
  });

suite('a POSIX shell reads back the words that went in', () => {
  const words = table.map(([word]) => word);
  const line = commandLine(command('printf', ['%s\\0', ...words]));
  assert.equal(execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1), words);
});

suite('secrets of a command are not in its line', () => {
  assert.is(commandLine(command('openssl', ['genpkey'], ['SECRET'])), 'openssl genpkey');
});

suite.run();
