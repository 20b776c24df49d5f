// What is found in directories of the scripts of 2021 and 2026: the truth about them, as golden files.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatFindings } from '../../scripts/lib/check/report.ts';
import { ROOT, scratch, tool } from '../helpers/door.ts';
import { assertGolden } from '../helpers/golden.ts';
import { verify } from './sound-pki.ts';

const test = suite('old directories');
const folder = scratch();
const ARCHIVES = join(ROOT, 'test/fixtures/directories');
/** A week after they were made. */
const now = new Date(Date.UTC(2026, 11, 1));

for (const archive of readdirSync(ARCHIVES).filter(name => name.endsWith('.tar.gz'))) {
  const name = archive.replace('.tar.gz', '');
  test(`${name}: the findings are those of its golden file`, async () => {
    tool('tar', ['xzf', join(ARCHIVES, archive)], folder);
    const findings = await verify(join(folder, name), { now });
    assertGolden(`verify/${name}.txt`, `${formatFindings(name, findings)}\n`);
    assert.equal(await verify(join(folder, name), { now, configurationFolders: [] }), findings);
  });
}

test.run();
