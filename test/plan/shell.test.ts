import { execFileSync } from 'node:child_process';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TokenKey } from '../../scripts/lib/model/types.ts';
import { command } from '../../scripts/lib/plan/job.ts';
import { commandLine, quote, shownCommandLine } from '../../scripts/lib/plan/shell.ts';
import { tokenKey } from '../helpers/token-key.ts';

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

const inToken = (given: Partial<TokenKey>): TokenKey => tokenKey({ token: 't', object: 'o', ...given });

suite('the module of a token is given by variable; the PIN of those that take it under one name alone, by its name', () => {
  const line = (tool: string, given: Partial<TokenKey>) => commandLine(command(tool, ['x'], [], inToken(given)));
  assert.is(line('openssl', {}), 'openssl x');
  assert.is(line('openssl', { module: '/a b.so' }), "PKCS11_MODULE_PATH='/a b.so' openssl x");
  assert.is(line('pkcs11-tool', {}), 'pkcs11-tool x');
  assert.is(line('sbsign', {}), 'TRUSTME_PKCS11_PIN="$MY_PIN" sbsign x');
  assert.is(line('sbsign', { pinVariable: 'TRUSTME_PKCS11_PIN' }), 'sbsign x');
  assert.is(quote('$TRUSTME_PKCS11_MODULE'), '"$TRUSTME_PKCS11_MODULE"');
});

suite('a message shows the first 60 words, and how many follow', () => {
  const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`);
  const line = (count: number) => shownCommandLine(command('openssl', words(count)));
  assert.is(line(60), `openssl ${words(60).join(' ')}`);
  assert.is(line(62), `openssl ${words(60).join(' ')} ... (2 words more)`);
});

suite.run();
