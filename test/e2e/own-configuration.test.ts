// A directory that was made with a configuration folder of one's own, and is then used without it.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';

const test = suite('own configuration');
const folder = scratch();
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment(extra) }).ended;
const recipe = (name: string): string => join(ROOT, 'docs/recipes', name);

async function generate(name: string, conf: string, extra: NodeJS.ProcessEnv = {}, ...more: string[]): Promise<void> {
  const words = ['generate', '--dir', name, '--conf', conf, '--key-type', 'ec:prime256v1', '--quiet', ...more];
  const { status, stderr } = await program(words, extra);
  assert.is(status, 0, stderr);
}

/** Every file of a directory with its bytes. */
const contentOf = (name: string): string[] =>
  (readdirSync(join(folder, name), { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[])
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .sort()
    .map(file => `${file} ${readFileSync(file).toString('base64')}`);

/** As programs wrote the manifest that did not record this of entities. */
function forget(name: string, ...fields: readonly string[]): void {
  const file = join(folder, name, '.pki/manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'), (key, value) => (fields.includes(key) ? undefined : value));
  writeFileSync(file, JSON.stringify(manifest));
}

async function refused(name: string, words: readonly string[], reason: RegExp): Promise<void> {
  const before = contentOf(name);
  const { status, stderr } = await program([...words, '--dir', name]);
  assert.is(status, 1, words.join(' '));
  assert.match(stderr, reason);
  assert.match(stderr, /^trustme-pki: hint: give the configuration that the directory was made with: --conf FOLDER$/m);
  assert.equal(contentOf(name), before);
}

test('an entity of a configuration that is not given is none that "issue" made', async () => {
  await generate('two', recipe('two-backends'));
  const reason =
    /error: no configuration that is given describes backend2, which was made by ".*\/two-backends\/customer\/backend2\.ini"/;
  await refused('two', ['renew', 'backend2'], reason);
  await refused('two', ['rekey', 'backend2'], reason);
  await refused('two', ['renew', 'gen_rootca', '--cascade'], reason);
  await refused('two', ['rekey', 'backend_subca', '--cascade'], reason);
  cpSync(join(folder, 'two'), join(folder, 'given'), { recursive: true });
  const words = ['renew', 'backend2', '--conf', recipe('two-backends'), '--dir', 'given', '--quiet'];
  const { status, stderr } = await program(words);
  assert.is(status, 0, stderr);
  assert.is((await program(['verify', 'given'])).status, 0);
});

test('keys open with the variables of the configuration that the directory was made with', async () => {
  const secrets = { ACME_PASSWD_PKI: 'acmesecret', GYROIDOS_TEST_PASSWD_PKI: 'gensecret' };
  await generate('acme', recipe('guestos-ca-per-customer'), secrets);
  const succeed = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await program(words, secrets);
    assert.is(status, 0, stdout + stderr);
    return stdout;
  };
  await succeed('issue', 'guestos_subca_acme', 'dev1', '--profile', 'development', '--dir', 'acme');
  await succeed('crl', '--dir', 'acme');
  assert.not.match(await succeed('verify', 'acme'), /key-unreadable/);
  assert.not.match(readFileSync(join(folder, 'acme/.pki/manifest.json'), 'utf8'), /secret/);
  const unset = await program(['verify', 'acme'], { GYROIDOS_TEST_PASSWD_PKI: 'gensecret' });
  assert.match(unset.stdout, /guestos_subca_acme\.key: .*\n.*hint: set ACME_PASSWD_PKI or GYROIDOS_TEST_PASSWD_PKI to/);
  assert.not.match(unset.stdout, /gen_rootca\.key/);
  forget('acme', 'passphraseVariables');
  const { stdout } = await program(['verify', 'acme'], secrets);
  assert.match(
    stdout,
    /guestos_subca_acme\.key: .*\n.*hint: give the configuration whose passphrase-env .* --conf FOLDER/,
  );
  const { stderr } = await program(['crl', 'guestos_subca_acme', '--dir', 'acme'], secrets);
  assert.match(
    stderr,
    /hint: the passphrase is wrong: .*, or give the configuration that names another: --conf FOLDER/,
  );
});

test("variables of one's own for a shipped entity are kept by what is made without the configuration", async () => {
  const conf = join(folder, 'conf-variables');
  mkdirSync(join(conf, 'customer'), { recursive: true });
  writeFileSync(join(conf, 'customer/user_subca.ini'), 'passphrase-env = OUR_PASSWD\n');
  const secrets = { OUR_PASSWD: 'oursecret', GYROIDOS_TEST_PASSWD_PKI: 'gensecret' };
  await generate('kept', conf, secrets);
  for (const words of [
    ['issue', 'user_subca', 'alice'],
    ['rekey', 'user_subca', '--cascade'],
    ['crl', 'user_subca'],
  ]) {
    const { status, stderr } = await program([...words, '--dir', 'kept'], secrets);
    assert.is(status, 0, stderr);
  }
  const { status, stdout } = await program(['verify', 'kept'], secrets);
  assert.is(status, 0, stdout);
  assert.not.match(stdout, /key-unreadable/);
  tool('openssl', ['pkey', '-in', 'user_subca.key', '-noout', '-passin', 'pass:oursecret'], join(folder, 'kept'));
});

test('verify: UEFI variables are as the configuration had them that the directory was made with', async () => {
  const conf = join(folder, 'conf-uefi');
  mkdirSync(join(conf, 'secure-boot'), { recursive: true });
  const entity = (name: string) =>
    `scheme = rsa\n[subject]\ncommonName = ${name}\n[certificate]\ndays = 2190\nbasicConstraints = critical, CA:TRUE\n`;
  const files = {
    'oem.ini': entity('OEM'),
    'KEK2.ini': entity('KEK2'),
    'DB.ini': '[variable]\ncontains = oem DB\nauthoriser = PK\n',
    'KEK.ini': '[variable]\ncontains = KEK KEK2\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(conf, 'secure-boot', name), text);
  await generate('uefi', conf, {}, '--platform-keys');
  const given = await program(['verify', 'uefi', '--conf', conf]);
  assert.is(given.status, 0, given.stdout);
  const { status, stdout } = await program(['verify', 'uefi']);
  assert.is(status, 0, stdout);
  assert.not.match(stdout, /DB|KEK|PK/);
  // What the shipped configuration has is not there, and is told where that is given on purpose.
  const shipped = await program(['verify', 'uefi', '--conf', join(ROOT, 'openssl-conf')]);
  assert.match(shipped.stdout, /DB\.esl: it does not hold the certificates of DB, ssig_subca/);
  // An entry that nobody recorded is told as ever.
  tool('bash', ['-c', 'cat PK.esl >>DB.esl'], join(folder, 'uefi'));
  assert.match((await program(['verify', 'uefi'])).stdout, /DB\.esl: besides .* it holds entries that nobody recorded/);
});

test.run();
