// The table of readers in the README and the one in the program name the same files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { readerOf } from '../../scripts/lib/store/readers.ts';
import { ROOT } from '../helpers/door.ts';

const suite = makeSuite('readers');

suite('every file of the README has a reader', () => {
  const [, table = ''] = /## Who reads what\n([\s\S]*?)\n## /.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const rows = table.split('\n').filter(line => line.startsWith('| `'));
  const files = rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!));
  assert.ok(files.length > 15);
  assert.equal(
    files.filter(file => readerOf(file) === undefined),
    [],
  );
});

suite('a file that nobody reads has none', () => {
  assert.is(readerOf('user_subca.key'), undefined);
  assert.is(readerOf('constructor'), undefined);
});

suite.run();
