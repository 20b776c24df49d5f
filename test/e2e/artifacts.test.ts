// sign and check: EFI binaries and configurations, with keys in files and in a token, judged by the tools that read them.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { keySection, makeToken, PIN, softhsm } from '../helpers/token.ts';

const test = suite('artifacts');
const folder = scratch();
const hasToken = !isMissing('softhsm2-util') && !isMissing('pkcs11-tool');
const reach: NodeJS.ProcessEnv = hasToken ? { ...softhsm(folder), TRUSTME_PKCS11_PIN: PIN } : {};
const EFI = '/usr/lib/efitools/x86_64-linux-gnu/HelloWorld.efi';
const hasEfi = !isMissing('sbsign') && existsSync(EFI);

const run = (...words: string[]) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment(reach) }).ended;
const succeed = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(...words);
  assert.is(status, 0, stdout + stderr);
  return stdout;
};
const refused = async (pattern: RegExp, ...words: string[]) => {
  const { status, stdout, stderr } = await run(...words);
  assert.ok(status === 1 || status === 2, stdout + stderr);
  assert.match(stdout + stderr, pattern);
};

test.before(async () => {
  await succeed('generate', '--dir', 'ec', '--key-type', 'ec:prime256v1', '--quiet');
  await succeed('generate', '--dir', 'rsa', '--key-type', 'rsa:2048', '--platform-keys', '--quiet');
  if (!hasToken) return;
  makeToken('sign', reach);
  mkdirSync(join(folder, 'conf/software-signing'), { recursive: true });
  for (const stem of ['ssig_subca', 'ssig_cml'])
    writeFileSync(join(folder, `conf/software-signing/${stem}.ini`), keySection('sign', stem));
  const words = ['--key-type', 'rsa:2048', '--conf', 'conf', '--platform-keys', '--generate-token-keys', '--quiet'];
  await succeed('generate', '--dir', 'token', ...words);
});

for (const dir of ['ec', 'rsa', ...(hasToken ? ['token'] : [])])
  test(`a configuration is signed with ${dir}, and openssl takes it as the device does`, async () => {
    const work = join(folder, `config-${dir}`);
    mkdirSync(work);
    writeFileSync(join(work, 'debos-1.conf'), 'name: "debos"\n');
    const file = `config-${dir}/debos-1.conf`;
    const written = await succeed('sign', 'config', file, '--dir', dir);
    assert.equal(written.trim().split('\n'), [join(work, 'debos-1.sig'), join(work, 'debos-1.cert')]);
    const publicKey = tool('openssl', ['x509', '-in', 'debos-1.cert', '-noout', '-pubkey'], work);
    writeFileSync(join(work, 'key.pem'), publicKey);
    const pss = dir === 'ec' ? [] : ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:64'];
    const args = ['dgst', '-sha512', '-verify', 'key.pem', '-signature', 'debos-1.sig', ...pss, 'debos-1.conf'];
    assert.match(tool('openssl', args, work), /Verified OK/);
    assert.match(await succeed('check', 'config', file, '--dir', dir), /debos-1\.conf: OK/);
    await succeed('sign', 'config', file, '--cms', '--dir', dir);
    const anchor = join(folder, dir, 'ssig_rootca.cert');
    const cms = ['cms', '-verify', '-binary', '-inform', 'PEM', '-in', 'debos-1.p7s', '-content', 'debos-1.conf'];
    assert.is(tool('openssl', [...cms, '-CAfile', anchor, '-purpose', 'any'], work), 'name: "debos"\n');
    assert.match(await succeed('check', 'config', file, '--cms', '--dir', dir), /: OK/);
    writeFileSync(join(work, 'debos-1.conf'), 'name: "other"\n');
    await refused(/debos-1\.sig" is no signature of it/, 'check', 'config', file, '--dir', dir);
    await refused(/verif|digest/i, 'check', 'config', file, '--cms', '--dir', dir);
    assert.equal(
      readdirSync(work).filter(name => name.startsWith('.')),
      [],
    );
  });

test('a configuration that another PKI signed is refused, and so is one without a signature', async () => {
  await refused(/config-rsa\/debos-1\.conf: /, 'check', 'config', 'config-rsa/debos-1.conf', '--dir', 'ec');
  writeFileSync(join(folder, 'lonely.conf'), 'x');
  await refused(/lonely\.sig" is not there/, 'check', 'config', 'lonely.conf', '--dir', 'ec');
});

if (hasEfi)
  for (const dir of ['rsa', ...(hasToken ? ['token'] : [])])
    test(`EFI binaries are signed with ${dir}; sbverify and the db list take them`, async () => {
      const names = ['a', 'b', 'c'].map(name => `${dir}-${name}.efi`);
      for (const name of names) copyFileSync(EFI, join(folder, name));
      await succeed('sign', 'efi', ...names, '--dir', dir);
      for (const name of names) {
        assert.equal(readFileSync(join(folder, name)), readFileSync(EFI));
        const certificate = join(folder, dir, 'ssig_subca.cert');
        assert.match(tool('sbverify', ['--cert', certificate, `${name}.signed`], folder), /Signature verification OK/);
      }
      assert.match(await succeed('check', 'efi', `${names[0]}.signed`, '--dir', dir), /: OK/);
      await refused(/no certificate that is asked for/, 'check', 'efi', names[0]!, '--dir', dir);
      const both = ['--signer', 'ssig_subca', '--signer', 'DB'];
      await succeed('sign', 'efi', names[0]!, ...both, '--output', `${dir}-two.efi`, '--dir', dir);
      const list = tool('sbverify', ['--list', `${dir}-two.efi`], folder);
      assert.is(list.match(/^signature \d/gm)?.length, 2);
      await succeed('check', 'efi', `${dir}-two.efi`, ...both, '--dir', dir);
    });

test('what cannot be signed is said, and nothing is written', async () => {
  writeFileSync(join(folder, 'text.efi'), 'no binary');
  if (hasEfi) await refused(/text\.efi\.signed/, 'sign', 'efi', 'text.efi', '--dir', 'rsa');
  assert.not(existsSync(join(folder, 'text.efi.signed')));
  await refused(/did you mean "config"/, 'sign', 'conifg', 'lonely.conf', '--dir', 'ec');
  await refused(/nothing to be signed is named/, 'sign');
  await refused(/"none.conf" is not there/, 'sign', 'config', 'none.conf', '--dir', 'ec');
  await refused(/has no certificate "ssig_cm"/, 'sign', 'config', 'lonely.conf', '--signer', 'ssig_cm', '--dir', 'ec');
  writeFileSync(join(folder, 'lonely.key'), 'a key');
  await refused(/would stand beside/, 'sign', 'config', 'lonely.conf', '--dir', 'ec');
  assert.not(existsSync(join(folder, 'lonely.sig')));
});

if (hasToken)
  test('a wrong PIN leaves no signature', async () => {
    const env = cleanEnvironment({ ...reach, TRUSTME_PKCS11_PIN: '999999' });
    writeFileSync(join(folder, 'pin.conf'), 'x');
    const words = [MAIN, 'sign', 'config', 'pin.conf', '--dir', 'token'];
    const { status, stderr } = await start(process.execPath, words, { cwd: folder, env }).ended;
    assert.is(status, 1);
    assert.match(stderr, /the PIN is wrong/);
    assert.not(existsSync(join(folder, 'pin.sig')) || existsSync(join(folder, 'pin.cert')));
  });

test.run();
