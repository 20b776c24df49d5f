// The manifest as anybody may have left it: nothing is taken from one that is none.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readManifest } from '../../scripts/lib/store/manifest.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('manifest');
const folder = scratch();
mkdirSync(join(folder, '.pki'));

const read = (manifest: unknown) => {
  writeFileSync(join(folder, '.pki/manifest.json'), JSON.stringify(manifest));
  return readManifest(folder);
};
const WHOLE = {
  ...{ schema: 1, program: 'p', openssl: 'o', created: '2026-01-02T03:04:05Z', brand: 'trustme' },
  ...{ entities: { a: { certificate: 'a.cert', sha256: 'AA' } }, owners: {}, updates: {}, sources: {} },
};

test('a manifest is read, with the digests of other entries or without them', () => {
  assert.equal(read(WHOLE), WHOLE);
  assert.equal(read({ ...WHOLE, others: { DB: ['AA'] } })?.others, { DB: ['AA'] });
});

test('one with a value of another kind is none', () => {
  for (const key of ['entities', 'others', 'owners', 'updates', 'sources', 'brand', 'created'])
    for (const value of [null, 5, [], { a: null }]) assert.is(read({ ...WHOLE, [key]: value }), undefined, key);
  for (const other of [null, [], 5, { schema: 2 }, { schema: 1 }]) assert.is(read(other), undefined);
});

test.run();
