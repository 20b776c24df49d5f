// docs/provisioning.md: its commands, one after another in one shell, with a software TPM.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, ROOT, scratch, start } from '../helpers/door.ts';
import { writeProgram } from '../helpers/program-file.ts';

const test = suite('provisioning');
const folder = scratch();

test('a device makes its key in a TPM, gets its certificate, is known to the backend, and is revoked', async () => {
  if (['swtpm', '/usr/sbin/tpm2-abrmd', 'dbus-run-session'].some(isMissing)) return;
  const document = readFileSync(join(ROOT, 'docs/provisioning.md'), 'utf8');
  const blocks = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  assert.ok(blocks.length >= 8);
  const bin = writeProgram(folder);
  const script = join(folder, 'provisioning.sh');
  writeFileSync(
    script,
    `set -e\ntrap 'kill "$(cat device/pid)" 2>/dev/null || true' EXIT\n${blocks.join('\n')}\necho done\n`,
  );
  const { status, stdout, stderr } = await start('dbus-run-session', ['--', 'bash', script], {
    cwd: folder,
    env: cleanEnvironment({ PATH: `${bin}:${process.env.PATH}`, OPENSSL_CONF: '/dev/null' }),
  }).ended;
  assert.is(status, 0, `${stdout}${stderr}`);
  for (const line of [
    '2 signed, 0 already signed, 0 refused',
    'device.cert: OK',
    'knows device.cert',
    'knows rsa.cert',
    'refuses device.cert',
  ])
    assert.match(stdout, line);
  assert.match(stdout, /its key was revoked as compromised by device_subca\n[^\n]*1 refused\nno certificate\ndone\n$/);
});

test.run();
