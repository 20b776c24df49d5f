// What others take the place of is kept whole, also where a power cut had torn it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { retire } from '../../scripts/lib/store/retired.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('retired');

test('a certificate is kept, in a new folder and over an empty file', () => {
  const path = scratch();
  mkdirSync(join(path, '.pki'));
  const file = retire(path, 'dev', 'AB', 'first');
  assert.is(file, '.pki/retired/dev/AB.pem');
  assert.is(readFileSync(join(path, file), 'utf8'), 'first');
  writeFileSync(join(path, file), '');
  retire(path, 'dev', 'AB', 'first');
  assert.is(readFileSync(join(path, file), 'utf8'), 'first');
  assert.equal(readdirSync(dirname(join(path, file))), ['AB.pem']);
});

test.run();
