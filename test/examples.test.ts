// examples/: the commands in them run. What stands between "# begin" and "# end" is run as it is, by sh; of units of systemd
// it is their ExecStart lines.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, DOOR, isMissing, MAIN, ROOT, scratch, start } from './helpers/door.ts';

const test = suite('examples');
const folder = scratch();
const EXAMPLES = join(ROOT, 'examples');
const EFI = '/usr/lib/efitools/x86_64-linux-gnu/HelloWorld.efi';
const hasTools = !isMissing('sbsign') && !isMissing('cert-to-efi-sig-list') && existsSync(EFI);

/** The lines to run, without their indentation. */
function commandsOf(file: string): string {
  const text = readFileSync(join(EXAMPLES, file), 'utf8');
  const [, block] = /^ *# begin\n([\s\S]*?)^ *# end$/m.exec(text) ?? [];
  assert.ok(block !== undefined, file);
  return block!.replace(/^ +/gm, '');
}

test.before(() => {
  mkdirSync(join(folder, 'bin'));
  const program = (name: string, command: string) =>
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  program('trustme-pki', `'${process.execPath}' '${MAIN}'`);
  program('gen_dev_certs.sh', `bash '${DOOR}'`);
});

async function run(name: string, commands: string, extra: NodeJS.ProcessEnv = {}): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  if (hasTools) copyFileSync(EFI, join(place, 'bootx64.efi'));
  writeFileSync(join(place, 'guestos.conf'), 'name: "guest"\n');
  const env = cleanEnvironment({ PATH: `${folder}/bin:${process.env.PATH}`, ...extra });
  const { status, stdout, stderr } = await start('sh', ['-ec', commands], { cwd: place, env }).ended;
  assert.is(status, 0, `${name}\n${stdout}${stderr}`);
  return stdout;
}

if (hasTools) {
  test('GitHub Actions', async () => {
    assert.match(await run('github', commandsOf('github-actions.yml')), /bootx64\.signed\.efi: OK/);
  });

  test('make signs what changed, and nothing twice', async () => {
    const make = `make -f '${join(EXAMPLES, 'Makefile')}'`;
    assert.match(
      await run('make', `${make} check`, { KEY_TYPE: 'rsa:2048' }),
      /bootx64\.efi: OK[\s\S]*guestos\.conf: OK/,
    );
    assert.match(await run('make', `touch signed/bootx64.efi guestos.sig\n${make} all`), /Nothing to be done/);
    await run(
      'make',
      `touch guestos.conf\n${make} -q all && exit 1\n${make} clean\ntest ! -e guestos.sig && test -d pki`,
    );
    // A release: its PKI signs again what another one signed, and is never made.
    await run('make', `${make}\ncp -r pki release\n${make} -q PKI=release && exit 1\n${make} check PKI=release`);
    await run('make', `${make} PKI=absent 2>said && exit 1\ngrep 'there is no PKI in absent' said\ntest ! -e absent`);
  });

  test('Jenkins, with a release PKI', async () => {
    const release = { RELEASE_PKI: join(folder, 'github/pki') };
    assert.match(await run('jenkins', commandsOf('Jenkinsfile'), release), /bootx64\.signed\.efi: OK/);
  });

  test('Yocto: the recipe makes the PKI, the class signs in place', async () => {
    const environment = {
      TEST_CERT_DIR: join(folder, 'yocto/certificates'),
      PKI_KEY_TYPE: 'rsa:2048',
      DO_PLATFORM_KEYS: 'y',
    };
    assert.match(await run('yocto', commandsOf('yocto/trustme-pki-native_0.1.0.bb'), environment), /PKI generated in/);
    mkdirSync(join(folder, 'yocto/image/boot'), { recursive: true });
    copyFileSync(EFI, join(folder, 'yocto/image/boot/a.efi'));
    const sign = { ...environment, D: join(folder, 'yocto/image') };
    assert.match(await run('yocto', commandsOf('yocto/pki-sign.bbclass'), sign), /a\.efi: OK/);
  });
}

test('GitLab', async () => {
  assert.match(await run('gitlab', commandsOf('gitlab-ci.yml')), /guestos\.conf: OK/);
  assert.is(JSON.parse(readFileSync(join(folder, 'gitlab/verify.json'), 'utf8')).sound, true);
});

test('systemd: the commands of the unit, one after another', async () => {
  const unit = readFileSync(join(EXAMPLES, 'systemd/trustme-pki-renew.service'), 'utf8');
  const commands = [...unit.matchAll(/^ExecStart=(.*)$/gm)].map(([, command]) =>
    command!.replace('/srv/www/crl', 'crl'),
  );
  assert.is(commands.length, 3);
  mkdirSync(join(folder, 'systemd/crl'), { recursive: true });
  const generate = 'trustme-pki generate --dir pki --key-type ec:prime256v1 --quiet';
  const stdout = await run('systemd', [generate, 'export TRUSTME_PKI_DIR=pki', ...commands].join('\n'));
  assert.match(stdout, /nothing expires within 60 days[\s\S]*is sound/);
  assert.ok(readdirSync(join(folder, 'systemd/crl')).length > 5);
});

test('the README of the examples names each of them', () => {
  const text = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  for (const name of readdirSync(EXAMPLES).filter(each => each !== 'README.md'))
    assert.ok(text.includes(`(${name}${statSync(join(EXAMPLES, name)).isDirectory() ? '/' : ''})`), name);
});

test.run();
