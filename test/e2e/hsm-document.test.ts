// docs/hsm.md: its commands, one after another in one shell, with SoftHSM2.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, MAIN, ROOT, scratch, start } from '../helpers/door.ts';

const test = suite('docs/hsm.md');
const folder = scratch();

test('its commands run as they stand, and print what it says', async () => {
  if (['softhsm2-util', 'pkcs11-tool'].some(isMissing)) return;
  const document = readFileSync(join(ROOT, 'docs/hsm.md'), 'utf8');
  const blocks = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  assert.ok(blocks.length >= 8);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'trustme-pki'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'hsm.sh'), `set -e\n${blocks.join('\n')}\necho done\n`);
  const { status, stdout, stderr } = await start('bash', ['hsm.sh'], {
    cwd: folder,
    env: cleanEnvironment({ PATH: `${bin}:${process.env.PATH}` }),
  }).ended;
  assert.is(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /failed +key of gen_rootca: [^\n]*no[\s\S]*not yet\nPKI generated in /);
  assert.match(stdout, /ok +key of gen_rootca: "gen_rootca" of the token "roots", by the engine/);
  const shown = /^# The private key is in a PKCS[\s\S]*?-----BEGIN PUBLIC KEY-----$/m;
  assert.is(shown.exec(stdout)?.[0], shown.exec(document)?.[0]);
  assert.is(stdout.match(/^\S+ is sound$/gm)?.length, 3);
  assert.match(stdout, /\ndone\n$/);
});

test.run();
