import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeStaging, removeLeftovers } from '../../scripts/lib/run/staging.ts';
import { removeTree } from '../../scripts/lib/store/remove-tree.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('staging');

const put = (path: string): void => writeFileSync(path, 'x');

suite('a staging directory is a sibling of OUT_DIR, for its owner alone, and marked', () =>
  inScratch(folder => {
    const staging = makeStaging(join(folder, 'pki'));
    assert.match(basename(staging), /^pki\.staging\.[A-Za-z0-9]{6}$/);
    assert.is(statSync(staging).mode & 0o777, 0o700);
    assert.ok(existsSync(join(staging, '.pki/staging')));
  }));

suite('what killed runs left is removed: marked, empty, or with an empty hidden folder', () =>
  inScratch(folder => {
    const outDir = join(folder, 'pki');
    put(join(makeStaging(outDir), 'ssig.key'));
    mkdirSync(join(folder, 'pki.staging.aB3dE6'));
    mkdirSync(join(folder, 'pki.staging.bbbbbb/.pki'), { recursive: true });
    removeLeftovers(outDir);
    assert.equal(readdirSync(folder), []);
  }));

suite('what is not ours stays: other names, files, links, directories with something in them but no mark', () =>
  inScratch(folder => {
    const outDir = join(folder, 'pki');
    put(join(makeStaging(join(folder, 'other')), 'x.key'));
    put(join(makeStaging(join(folder, 'my-pki')), 'x.key'));
    for (const name of [
      'pki.staging.',
      'pki.staging.short',
      'pki.staging.toolong1',
      'pki.staged.aaaaaa',
      'pkixstagingxaaaaaa',
    ])
      mkdirSync(join(folder, name, '.pki'), { recursive: true });
    for (const name of ['pki.staging.toolong1', 'pkixstagingxaaaaaa']) put(join(folder, name, '.pki/staging'));
    mkdirSync(join(folder, 'pki.staging.backup'));
    put(join(folder, 'pki.staging.backup/precious'));
    mkdirSync(join(folder, 'pki.staging.folder/.pki'), { recursive: true });
    put(join(folder, 'pki.staging.folder/.pki/precious'));
    put(join(folder, 'pki.staging.afile1'));
    mkdirSync(join(folder, 'target/.pki'), { recursive: true });
    put(join(folder, 'target/.pki/staging'));
    symlinkSync('target', join(folder, 'pki.staging.alink1'));
    const before = readdirSync(folder, { recursive: true }).sort();
    removeLeftovers(outDir);
    assert.equal(readdirSync(folder, { recursive: true }).sort(), before);
  }));

suite('a name that mkdtemp does not make stays, though it is empty or marked', () =>
  inScratch(folder => {
    mkdirSync(join(folder, 'pki.staging.2026-1'));
    mkdirSync(join(folder, 'pki.staging.a.b.cd/.pki'), { recursive: true });
    put(join(folder, 'pki.staging.a.b.cd/.pki/staging'));
    removeLeftovers(join(folder, 'pki'));
    assert.equal(readdirSync(folder).sort(), ['pki.staging.2026-1', 'pki.staging.a.b.cd']);
  }));

suite('removing a tree that is gone is no error', () => inScratch(folder => removeTree(join(folder, 'nothing'))));

suite.run();
