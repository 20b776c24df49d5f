// The verb as a pipeline calls it: what was generated is sound, whatever openssl does after, and nothing is written.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, MAIN, scratch, start, tool } from '../helpers/door.ts';

const test = suite('verify');
const folder = scratch();
const P = { GYROIDOS_TEST_PASSWD_PKI: 'test1234' };
const KEY_TYPES = ['rsa:2048', 'ec:prime256v1', 'ed25519'];
const pkiOf = (keyType: string) => join(folder, keyType.replace(':', '-'));
const sound = pkiOf('ec:prime256v1');
const temporary = join(folder, 'tmp');

/** Runs the program with a temporary folder of its own. */
const run = (words: readonly string[], extra: NodeJS.ProcessEnv = {}, cwd = folder) =>
  start(process.execPath, [MAIN, ...words], { env: cleanEnvironment({ TMPDIR: temporary, ...extra }), cwd });
const verify = (...words: string[]) => run(['verify', ...words]).ended;

const snapshot = (path: string): string =>
  (readdirSync(path, { recursive: true }) as string[])
    .sort()
    .map(file => {
      const { mode, mtimeMs, size } = statSync(join(path, file));
      const isFile = statSync(join(path, file)).isFile();
      const hash = isFile
        ? createHash('sha256')
            .update(readFileSync(join(path, file)))
            .digest('hex')
        : '';
      return [file, mode, mtimeMs, size, hash].join(' ');
    })
    .join('\n');

test.before(async () => {
  mkdirSync(temporary);
  const platform = (keyType: string) => (keyType.startsWith('ed') ? [] : ['--platform-keys']);
  const runs = KEY_TYPES.map(
    keyType => run(['generate', '--quiet', '--dir', pkiOf(keyType), '--key-type', keyType, ...platform(keyType)]).ended,
  );
  for (const { status, stderr } of await Promise.all(runs)) assert.is(status, 0, stderr);
});

for (const keyType of KEY_TYPES)
  test(`${keyType}: what was generated is sound, and so it stays when openssl issues and revokes`, async () => {
    const out = pkiOf(keyType);
    assert.equal(await verify(out), { status: 0, stdout: `${out} is sound\n`, stderr: '' });
    const pss = keyType.startsWith('rsa') ? ['-sigopt', 'rsa_pss_saltlen:digest'] : [];
    const ca = (...args: string[]) =>
      tool(
        'openssl',
        ['ca', '-batch', '-config', '.pki/device_subca.cnf', '-passin', `env:${Object.keys(P)[0]}`, ...pss, ...args],
        out,
        P,
      );
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    const words = [...newKey, '-sha256', '-keyout', 'one.key', '-out', 'one.csr', '-subj', '/CN=one'];
    tool('openssl', ['req', '-new', '-config', '.pki/backend.cnf', ...words], out);
    ca('-in', 'one.csr', '-notext', '-out', 'one.cert');
    ca('-in', 'one.csr', '-notext', '-out', 'two.cert');
    cpSync(join(out, 'one.key'), join(out, 'two.key'));
    ca('-revoke', 'one.cert');
    ca('-gencrl', '-out', 'device_subca.crl');
    if (out === sound) {
      const { stdout } = await verify(out);
      assert.match(stdout, /^error {2}one\.cert: it is revoked .*\[revoked-published\]\n.*\n.*: 1 error\n$/);
    }
    for (const file of ['one.cert', 'one.key', 'one.csr']) rmSync(join(out, file));
    assert.equal(await verify(out), { status: 0, stdout: `${out} is sound\n`, stderr: '' });
  });

test('it writes nothing, in the directory, beside it and in the temporary folder', async () => {
  const before = [snapshot(sound), readdirSync(folder).join()];
  assert.is((await verify(sound)).status, 0);
  assert.equal([snapshot(sound), readdirSync(folder).join()], before);
  assert.equal(readdirSync(temporary), []);
});

test('a directory that is read-only, behind a link, and the default one', async () => {
  const out = join(folder, 'read-only');
  cpSync(sound, out, { recursive: true });
  const folders = (readdirSync(out, { recursive: true }) as string[]).filter(name =>
    statSync(join(out, name)).isDirectory(),
  );
  for (const name of ['.', ...folders]) chmodSync(join(out, name), 0o555);
  symlinkSync('read-only', join(folder, 'test_certificates'));
  try {
    const elsewhere = run(['verify'], { TRUSTME_PKI_DIR: join(folder, 'test_certificates') }).ended;
    const runs = await Promise.all([run(['verify']).ended, verify('--dir', 'read-only'), elsewhere]);
    assert.equal(
      runs.map(({ status, stdout, stderr }) => `${status} ${stdout}${stderr}`),
      ['test_certificates', 'read-only', join(folder, 'test_certificates')].map(dir => `0 ${dir} is sound\n`),
    );
  } finally {
    for (const name of ['.', ...folders]) chmodSync(join(out, name), 0o755);
  }
});

test('a signal ends it and its temporary folder', async () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  tool('sh', [
    '-c',
    `printf '#!/bin/sh\\ntouch "${bin}/began"\\nsleep 60\\n' > ${bin}/openssl && chmod +x ${bin}/openssl`,
  ]);
  const { child, ended } = run(['verify', sound], { PATH: `${bin}:${process.env.PATH}` });
  while (!readdirSync(bin).includes('began')) await new Promise(done => setTimeout(done, 20));
  child.kill('SIGTERM');
  const { status, stdout } = await ended;
  assert.equal([status, stdout], [143, '']);
  assert.equal(readdirSync(temporary), []);
});

test.run();
