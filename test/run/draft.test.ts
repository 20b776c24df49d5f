import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { draftBeside } from '../../scripts/lib/run/draft.ts';
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
    for (const name of [...stay, `.a.sig.trustme-pki.${dead}`]) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, `.kit.trustme-pki.${dead}/edk2`), { recursive: true });
    assert.is(draftBeside(join(folder, 'a.sig')), join(folder, `.a.sig.trustme-pki.${process.pid}`));
    draftBeside(join(folder, 'kit'));
    assert.equal(readdirSync(folder).sort(), stay.sort());
  }));

suite.run();
