// A directory that was made with a configuration folder of one's own, and is then used without it.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, door, ROOT, scratch, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('own configuration');
const folder = scratch();
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  runProgram(words, folder, cleanEnvironment(extra));
const recipe = (name: string): string => join(ROOT, 'docs/recipes', name);

async function generate(name: string, conf: string, extra: NodeJS.ProcessEnv = {}, ...more: string[]): Promise<void> {
  const words = ['generate', '--dir', name, '--conf', conf, '--key-type', 'ec:prime256v1', '--quiet', ...more];
  const { status, stderr } = await program(words, extra);
  assert.is(status, 0, stderr);
}

/** Every file of a directory with a digest of it. */
const contentOf = (name: string): string[] =>
  (readdirSync(join(folder, name), { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[])
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .sort()
    .map(file => `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`);

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
  tool('openssl', ['req', '-new', '-key', 'alice.key', '-subj', '/CN=mallory', '-out', 'm.csr'], join(folder, 'kept'));
  for (const words of [
    ['renew', 'user_subca', '--cascade'],
    ['crl', 'user_subca'],
    ['issue', 'user_subca', 'bob'],
    ['sign-csr', 'user_subca', 'kept/m.csr', '--same-key'],
  ]) {
    const unset = await program([...words, '--dir', 'kept'], { GYROIDOS_TEST_PASSWD_PKI: 'gensecret' });
    assert.is(unset.status, 1, unset.stdout);
    assert.match(
      unset.stderr,
      /^trustme-pki: error: ".+" needs the secret in OUR_PASSWD, which is not set\n.*: export OUR_PASSWD\n$/,
    );
  }
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
  await refused(
    'uefi',
    ['renew', 'DB'],
    /DB: contains is "oem DB", and would be "DB ssig_subca"\n.*DB: authoriser is "PK"/,
  );
  // An entry that nobody recorded is told as ever.
  tool('bash', ['-c', 'cat PK.esl >>DB.esl'], join(folder, 'uefi'));
  assert.match((await program(['verify', 'uefi'])).stdout, /DB\.esl: besides .* it holds entries that nobody recorded/);
});

test('UEFI keys join no directory of a configuration that is not given', async () => {
  const conf = join(folder, 'conf-organisation');
  mkdirSync(conf);
  writeFileSync(join(conf, 'defaults.ini'), '[subject]\norganizationName = ACME\n');
  await generate('joined', conf);
  const reason =
    /error: ".*joined" was made with a configuration of its own \(".*\/defaults\.ini"\), which is not given/;
  const before = contentOf('joined');
  for (const refusal of [
    await program(['generate', '--dir', 'joined', '--platform-keys']),
    await door([join(folder, 'joined')], { DO_PLATFORM_KEYS: 'y' }),
  ]) {
    assert.is(refusal.status, 1);
    assert.match(refusal.stderr, reason);
    assert.match(refusal.stderr, /hint: give the configuration .*: --conf FOLDER$/m);
  }
  assert.equal(contentOf('joined'), before);
  const given = await door([join(folder, 'joined'), 'ec:prime256v1'], {
    DO_PLATFORM_KEYS: 'y',
    TRUSTME_PKI_CONF: conf,
  });
  assert.is(given.status, 0, given.stderr);
  assert.match(tool('openssl', ['x509', '-noout', '-subject', '-in', 'PK.crt'], join(folder, 'joined')), /O ?= ?ACME/);
});

const FORGETTING: readonly [name: string, conf: string, words: readonly string[], reason: RegExp][] = [
  ['names', 'name-constraints', ['renew', 'backend'], /\n {2}backend: \[certificate\] subjectAltName is "DNS:mdm\./],
  ['names', 'name-constraints', ['rekey', 'backend'], /\n {2}backend: \[certificate\] subjectAltName is "DNS:mdm\./],
  [
    'names',
    'name-constraints',
    ['renew', '--expiring', '5000'],
    /\n {2}backend_subca: \[certificate\] nameConstraints is/,
  ],
  ['digest', 'ec-p384', ['renew', 'ssig'], /\n {2}ssig: signature is "sha384 ecdsa", and would be "sha256 ecdsa"/],
  ['days', 'short-lived', ['renew', 'ocsp_server'], /\n {2}ocsp_server: days is "\d+", and would be "1095"/],
  ['days', 'short-lived', ['renew', 'user_subca'], /\n {2}user_subca: \[authority\] default_days is "\d+", and/],
  ['template', 'own-template', ['renew', 'backend'], /\n {2}backend: \[\w+\] .* is ".*", and would be not there/],
];
test('what would change without the configuration is not renewed, and nothing is made', async () => {
  for (const [name, conf] of new Map(FORGETTING.map(([each, of]) => [each, of]))) await generate(name, recipe(conf));
  for (const [name, , words, reason] of FORGETTING) await refused(name, words, reason);
  // What is as shipped is renewed, and all of it with the configuration.
  for (const words of [
    ['renew', 'ssig_cml'],
    ['renew', 'backend', '--conf', recipe('name-constraints')],
  ]) {
    const { status, stderr } = await program([...words, '--dir', 'names', '--quiet']);
    assert.is(status, 0, stderr);
  }
  assert.is((await program(['verify', 'names', '--conf', recipe('name-constraints')])).status, 0);
});

test('issuer, bundle, text and length of the serial number are not forgotten', async () => {
  const conf = join(folder, 'moved');
  mkdirSync(join(conf, 'customer'), { recursive: true });
  const says = (file: string, text: string) => writeFileSync(join(conf, file), text);
  says('customer/device_subca.ini', 'issuer = ssig_rootca\nbundle = ssig_rootca\n');
  says('customer/user_subca.ini', 'bundle =\n');
  says('customer/guestos_subca.ini', 'text =\nserial-octets = 8\n');
  await generate('moved-pki', conf);
  for (const [words, reason] of [
    [['renew', 'device_subca'], /device_subca: issuer is "ssig_rootca", and would be "gen_rootca"/],
    [['rekey', 'device_subca'], /device_subca: issuer is "ssig_rootca"/],
    [['renew', '--expiring', '9999'], /device_subca: issuer is "ssig_rootca"/],
    [['renew', 'user_subca', '--cascade'], /user_subca: length of the bundle is "0", and would be "1"/],
    [
      ['renew', 'guestos_subca'],
      /guestos_subca: text is not there, and would be "yes"\n.*guestos_subca: serial-octets is "8", and would be "20"/,
    ],
  ] as const)
    await refused('moved-pki', words, reason);
  for (const words of [['backend'], ['device_subca', 'guestos_subca', '--conf', conf]]) {
    const { status, stderr } = await program(['renew', ...words, '--dir', 'moved-pki', '--quiet']);
    assert.is(status, 0, stderr);
  }
  assert.is((await program(['verify', 'moved-pki', '--conf', conf])).status, 0);
});

test('plan --diff: what a template adds is as it was made with, and told where the template changed', async () => {
  const conf = join(folder, 'conf-template');
  cpSync(recipe('own-template'), conf, { recursive: true });
  await generate('own-text', conf);
  const diff = async (): Promise<string> =>
    (await program(['plan', '--diff', '--dir', 'own-text', '--conf', conf, '--key-type', 'ec:prime256v1'])).stdout;
  assert.is(await diff(), 'own-text is as configured\n');
  const file = join(conf, 'templates/backend.cnf.hbs');
  writeFileSync(file, readFileSync(file, 'utf8').replace('UTF8:Berlin', 'UTF8:Bonn'));
  assert.match(await diff(), /^~ backend: .*\n {4}\[\w+\] site: UTF8:Berlin -> UTF8:Bonn\n\n/);
});

test("an older shipped configuration is none of one's own; a folder that is given to a renewal is one from then on", async () => {
  const words = ['generate', '--dir', 'older', '--key-type', 'ec:prime256v1', '--quiet'];
  assert.is((await program(words)).status, 0);
  const file = join(folder, 'older/.pki/backend.cnf');
  writeFileSync(file, readFileSync(file, 'utf8').replace('DNS:localhost', 'DNS:of.old'));
  const renew = (...more: string[]) => program(['renew', 'backend', '--dir', 'older', '--quiet', ...more]);
  assert.is((await renew()).status, 0);
  assert.match(readFileSync(file, 'utf8'), /DNS:localhost/);
  const given = await renew('--conf', recipe('two-backends'));
  assert.is(given.status, 0, given.stderr);
  await refused('older', ['renew', 'backend'], /backend: \[certificate\] subjectAltName is/);
  // Platform keys that come later do not make it forgotten: also they need a folder.
  await refused('older', ['generate', '--platform-keys'], /was made with a configuration of its own/);
  const later = await program([...words, '--platform-keys', '--conf', recipe('two-backends')]);
  assert.is(later.status, 0, later.stderr);
  await refused('older', ['renew', 'backend'], /backend: \[certificate\] subjectAltName is/);
});

test('a date of the configuration stands in the way of what is made with it alone', async () => {
  const conf = join(folder, 'dated');
  mkdirSync(join(conf, 'customer'), { recursive: true });
  const says = (stem: string, day: number) => {
    const date = new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10);
    writeFileSync(join(conf, `customer/${stem}.ini`), `[certificate]\ndays =\nnotAfter = ${date}\n`);
  };
  says('gen_rootca', 2300);
  says('backend', 9);
  await generate('dated-pki', conf);
  // As it is when some of that time has passed: sub CAs have days that would lead past the root.
  says('gen_rootca', 2000);
  says('backend', -9);
  const run = (...words: string[]) => program([...words, '--conf', conf, '--dir', 'dated-pki']);
  for (const words of [
    ['list', 'gen_rootca'],
    ['renew', '--expiring', '30'],
    ['renew', 'user_subca', '--cascade'],
    ['renew', 'device_subca', 'ssig'],
    ['revoke', 'backend'],
    ['crl'],
    ['plan', '--diff'],
    ['doctor'],
  ]) {
    const { status, stderr } = await run(...words);
    assert.is(status, 0, `${words.join(' ')}: ${stderr}`);
  }
  const own = await run('rekey', 'backend');
  assert.is(own.status, 1);
  assert.match(own.stderr, /backend cannot last longer: its configuration says until/);
  const anew = await program(['plan', '--conf', conf]);
  assert.is(anew.status, 1);
  assert.match(anew.stderr, /backend\.ini:3: .*an end that is not over yet/);
  assert.match(anew.stderr, /user_subca\.ini:\d+: .*at most the validity of its issuer gen_rootca/);
});

test('new keys are of the kind that a folder says which is given, else of the old one', async () => {
  const conf = join(folder, 'kinds');
  mkdirSync(conf);
  const says = (text: string) => writeFileSync(join(conf, 'defaults.ini'), text);
  says('key-type = ec:prime256v1\n');
  await generate('kinds-pki', conf);
  const succeed = async (...words: string[]) => {
    const { status, stdout, stderr } = await program([...words, '--dir', 'kinds-pki']);
    assert.is(status, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const kindOf = (stem: string) =>
    /ASN1 OID: (.*)/.exec(tool('openssl', ['x509', '-in', `kinds-pki/${stem}.cert`, '-noout', '-text'], folder))?.[1];
  says('key-type = ec:secp384r1\n');
  assert.match(await succeed('verify', '--conf', conf), /made with key-type ec:prime256v1, .* says "ec:secp384r1"/);
  await succeed('renew', 'ssig', '--conf', conf);
  await succeed('rekey', 'ssig_cml');
  await succeed('rekey', 'user_subca', 'backend', '--cascade', '--conf', conf);
  assert.equal(['ssig', 'ssig_cml', 'user_subca', 'backend'].map(kindOf), [
    'prime256v1',
    'prime256v1',
    'secp384r1',
    'secp384r1',
  ]);
  const { stdout } = await program(['verify', 'kinds-pki', '--conf', conf]);
  assert.match(stdout, /ssig\.cert: key-type/);
  assert.not.match(stdout, /(user_subca|backend)\.cert: key-type/);
  await succeed('request', 'guestos_subca', '--rekey', '--key-type', 'ec:secp521r1', '--output-dir', '.');
  await succeed('sign-csr', 'gen_rootca', 'guestos_subca.csr', '--same-key', '--output-dir', '.');
  await succeed('import', 'guestos_subca', 'guestos_subca.cert', '--conf', conf);
  assert.is(kindOf('guestos_subca'), 'secp521r1');
  // What a folder says nothing of was an option, or is as it was.
  says('');
  await succeed('rekey', 'backend', '--conf', conf);
  assert.is(kindOf('backend'), 'secp384r1');
  says('key-type = rsa:1024\n');
  const weak = await program(['rekey', 'ssig', '--conf', conf, '--dir', 'kinds-pki']);
  assert.is(weak.status, 1);
  assert.match(weak.stderr, /kinds\/defaults\.ini:1: key-type: .*RSA keys of 1024 bits are too weak/);
  await succeed('verify');
});

test('a brand that the folder has since is another subject; one that --brand overruled is none', async () => {
  const conf = join(folder, 'brands');
  mkdirSync(conf);
  const says = (brand: string) => writeFileSync(join(conf, 'defaults.ini'), `brand = ${brand}\n`);
  says('Acme');
  await generate('acme-pki', conf);
  await generate('option-pki', conf, {}, '--brand', 'Option');
  const renew = (dir: string, ...more: string[]) => program(['renew', 'backend', '--dir', dir, '--quiet', ...more]);
  for (const dir of ['acme-pki', 'option-pki']) {
    const { status, stderr } = await renew(dir, '--conf', conf);
    assert.is(status, 0, stderr);
  }
  says('Other');
  const before = contentOf('acme-pki');
  const { status, stderr } = await renew('acme-pki', '--conf', conf);
  assert.is(status, 1);
  assert.match(
    stderr,
    /backend is ".*commonName=Acme Backend.*", and by the configuration it would be ".*commonName=Other Backend/,
  );
  assert.equal(contentOf('acme-pki'), before);
  assert.is((await renew('acme-pki')).status, 0);
});

test('a CA whose key is elsewhere by the configuration signs nothing, though its key is there', async () => {
  const conf = join(folder, 'root-elsewhere');
  mkdirSync(join(conf, 'customer'), { recursive: true });
  writeFileSync(join(conf, 'defaults.ini'), 'key-type = ec:prime256v1\n');
  await generate('elsewhere-pki', conf);
  cpSync(join(folder, 'elsewhere-pki/gen_rootca.cert'), join(conf, 'customer/gen_rootca.cert'));
  writeFileSync(join(conf, 'customer/gen_rootca.ini'), 'certificate-file = gen_rootca.cert\n');
  const before = contentOf('elsewhere-pki');
  for (const verb of ['renew', 'rekey']) {
    const { status, stderr } = await program([
      verb,
      'user_subca',
      '--cascade',
      '--conf',
      conf,
      '--dir',
      'elsewhere-pki',
    ]);
    assert.is(status, 1);
    assert.match(
      stderr,
      /the key of gen_rootca, which signs user_subca, is elsewhere \(certificate-file without key-file\)/,
    );
  }
  assert.equal(contentOf('elsewhere-pki'), before);
  const below = await program(['renew', 'backend', '--conf', conf, '--dir', 'elsewhere-pki']);
  assert.is(below.status, 0, below.stderr);
});

test.run();
