// A fresh clone and an installed npm package, as a newcomer has them.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, ROOT, scratch, start, tool } from '../helpers/door.ts';

const test = suite('installation');
const folder = scratch();

test('in a fresh clone several callers at once install, build and generate', async () => {
  const clone = join(folder, 'clone');
  // The working tree as git sees it: what is tracked or new, without node_modules and dist.
  tool(
    'bash',
    [
      '-c',
      `mkdir '${clone}' && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\\0' "$f"; done | xargs -0 cp --parents -t '${clone}'`,
    ],
    ROOT,
  );
  const script = join(clone, 'scripts/gen_dev_certs.sh');
  const noHome = join(folder, 'no-home');
  writeFileSync(noHome, '');
  // npm goes to the registry, maybe by a proxy that opens TLS.
  const forNpm = cleanEnvironment({
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
    // As images for services have it: npm leaves out what the build needs.
    NODE_ENV: 'production',
    // As a user without a home has it; what npm is told stays as it is.
    HOME: noHome,
    npm_config_userconfig: join(homedir(), '.npmrc'),
  });
  const runs = await Promise.all(
    Array.from(
      { length: 4 },
      () =>
        start('bash', ['-c', `umask 077; exec bash ${script} test_certificates ec:prime256v1`], {
          cwd: clone,
          env: forNpm,
        }).ended,
    ),
  );
  for (const { status, stderr } of runs) assert.is(status, 0, stderr);
  assert.is(runs.filter(({ stderr }) => /installing the npm packages/.test(stderr)).length, 1);
  assert.is(runs.filter(({ stdout }) => /^PKI generated/.test(stdout)).length, 1);
  assert.ok(existsSync(join(clone, 'test_certificates/ssig_rootca.cert')));
  const isForAll = (name: string) => (statSync(join(clone, 'dist', name)).mode & 0o444) === 0o444;
  assert.equal(
    readdirSync(join(clone, 'dist')).filter(name => !isForAll(name)),
    [],
  );
  assert.equal(
    readdirSync(clone).filter(name => name.startsWith('dist')),
    ['dist'],
  );
  const again = await start('bash', [script], { cwd: folder, env: cleanEnvironment({ KEY_SIZE: '2048' }) }).ended;
  assert.is(again.status, 0, again.stderr);
  assert.ok(
    existsSync(join(clone, 'scripts/test_certificates/ssig_rootca.cert')),
    'the default lies beside the script',
  );
});

test('the npm package brings all three commands and needs no other package', async () => {
  // A list of archives, or since npm 12 an object with one for each name.
  const packed = JSON.parse(tool('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT));
  const [archive] = Object.values(packed) as [{ filename: string; files: { path: string }[] }];
  assert.equal(
    archive.files.map(({ path }) => path).filter(path => /^(test|node_modules)|\.ts$/.test(path)),
    [],
  );
  const place = join(folder, 'place');
  mkdirSync(place);
  tool(
    'npm',
    ['install', '--no-audit', '--no-fund', '--offline', '--prefix', place, join(folder, archive.filename)],
    place,
  );
  assert.equal(
    readdirSync(join(place, 'node_modules')).filter(name => !name.startsWith('.')),
    ['trustme-pki'],
  );
  const bin = (name: string) => join(place, 'node_modules/.bin', name);
  for (const [name, ...words] of [
    ['gen_dev_certs.sh', 'one', 'ec:prime256v1'],
    ['cml_gen_dev_certs', 'two', 'ec:prime256v1'],
    ['trustme-pki', 'generate', '--dir', 'three', '--key-type', 'ec:prime256v1'],
    ['gen_dev_certs.sh'],
  ] as const) {
    const { status, stderr } = await start(bin(name), words, {
      cwd: place,
      env: cleanEnvironment({ KEY_SIZE: '2048' }),
    }).ended;
    assert.is(status, 0, stderr);
  }
  for (const name of ['one', 'two', 'three', 'test_certificates'])
    assert.ok(existsSync(join(place, name, 'gen_rootca.cert')), name);
});

test.run();
