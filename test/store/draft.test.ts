import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { draftBeside, draftOf, draftsLeft } from '../../scripts/lib/store/draft.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('draft');

suite('what a dead process left of the same result goes: a file or a folder, and nothing else', () =>
  inScratch(folder => {
    const dead = spawnSync('true').pid;
    const stay = [
      `.a.sig.trustme-pki.${process.ppid}`,
      `.b.sig.trustme-pki.${dead}`,
      `a.sig.trustme-pki.${dead}`,
      '.a.sig.trustme-pki.x',
      'a.sig',
    ];
    // In a container each run may have the same id.
    const go = [dead, process.pid].map(id => `.a.sig.trustme-pki.${id}`);
    for (const name of [...stay, ...go]) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, `.kit.trustme-pki.${dead}/edk2`), { recursive: true });
    assert.is(draftBeside(join(folder, 'a.sig')), join(folder, `.a.sig.trustme-pki.${process.pid}`));
    draftBeside(join(folder, 'kit'));
    assert.equal(readdirSync(folder).sort(), stay.sort());
  }));

suite('what had the id of this process is of a dead one, as in containers, until it has one itself', () =>
  inScratch(folder => {
    const draft = draftOf(join(folder, 'a.key'));
    writeFileSync(draft, 'left');
    assert.equal(draftsLeft(join(folder, 'a.key')), [draft]);
    assert.equal(draftsLeft(join(folder, 'a.key')), []);
    assert.is(draftBeside(join(folder, 'a.key')), draft);
    assert.equal(readdirSync(folder), [`.a.key.trustme-pki.${process.pid}`]);
  }));

suite.run();
