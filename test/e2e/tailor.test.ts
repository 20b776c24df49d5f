// plan, show and init-conf of the built program: what they print is what `generate` does.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('tailor');
const folder = scratch();
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  runProgram(words, folder, cleanEnvironment(extra));
const CONF = join(folder, 'conf');
mkdirSync(CONF);
writeFileSync(
  join(CONF, 'defaults.ini'),
  'brand = Müller\nkey-type = ec:prime256v1\n[subject]\norganizationalUnitName-2 = Söhne\n',
);
writeFileSync(
  join(CONF, 'backend.ini'),
  `[subject]
domainComponent = org
domainComponent-2 = example
serialNumber = 7
2.999.1 = own
order = commonName + serialNumber
[certificate]
days =
notBefore = 2026-01-01
notAfter = 2027-06-30T12:00:00Z
`,
);
writeFileSync(
  join(folder, 'own-twin.ini'),
  'issuer = backend_subca\n[subject]\ncommonName = Twin\n[certificate]\ndays = 30\nbasicConstraints = critical, CA:FALSE\n',
);

test('the plan is a shell script that makes the same files as generate', async () => {
  const plan = await program(['plan', '--conf', 'conf', '--platform-keys']);
  assert.is(plan.status, 0, plan.stderr);
  assert.not.match(plan.stdout, /test1234/);
  writeFileSync(join(folder, 'plan.sh'), plan.stdout);
  mkdirSync(join(folder, 'by-hand'), { mode: 0o700 });
  tool('sh', [join(folder, 'plan.sh')], join(folder, 'by-hand'), { GYROIDOS_TEST_PASSWD_PKI: 'test1234' });
  const generated = await program(['generate', '--dir', 'generated', '--conf', 'conf', '--platform-keys', '--quiet']);
  assert.is(generated.status, 0, generated.stderr);
  const files = (name: string) =>
    readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1))
      .filter(file => !file.includes('/issued/') && file !== '.pki/manifest.json')
      .sort();
  assert.equal(files('by-hand'), files('generated'));
  for (const file of files('generated')) {
    const mode = (name: string) => statSync(join(folder, name, file)).mode & 0o777;
    assert.is(mode('by-hand'), mode('generated'), file);
  }
  const facts = (name: string) =>
    tool('openssl', ['x509', '-in', 'backend.cert', '-noout', '-subject', '-dates'], join(folder, name));
  assert.equal(facts('by-hand'), facts('generated'));
  assert.match(
    facts('generated'),
    /OU ?= ?Development, OU ?= ?S.*notBefore=Jan {2}1 00:00:00 2026 GMT\nnotAfter=Jun 30 12:00:00 2027 GMT/s,
  );
  // Rows of one CA differ in serial and end of validity alone.
  const rows = (name: string) =>
    readFileSync(join(folder, name, '.pki/backend_subca/index.txt'), 'utf8')
      .split('\n')
      .map(row => row.replace(/^V\t\d+Z\t\t[0-9A-F]+\t/, ''))
      .sort();
  assert.equal(rows('by-hand'), rows('generated'));
  const chain = [
    'verify',
    '-x509_strict',
    '-CAfile',
    'gen_rootca.cert',
    '-untrusted',
    'backend_subca.cert',
    'backend.cert',
  ];
  assert.match(tool('openssl', chain, join(folder, 'by-hand')), /OK/);
});

test('the plan as JSON names what each job needs, makes and runs', async () => {
  const { stdout } = await program(['plan', '--conf', 'conf', '--json']);
  const { schema, jobs } = JSON.parse(stdout);
  assert.is(schema, 1);
  const made = new Set<string>();
  for (const job of jobs) {
    for (const need of job.needs) assert.ok(made.has(need), `${job.id} needs ${need}`);
    for (const file of job.makes) made.add(file);
    assert.type(job.shell, 'string');
  }
  assert.ok(made.has('backend.cert'));
});

test('the plan runs nothing: no directory is made, and no tool need be there', async () => {
  const { status } = await program(['plan', '--dir', 'nothing', '--platform-keys'], { PATH: '/nonexistent' });
  assert.is(status, 0);
  assert.not.ok(readdirSync(folder).includes('nothing'));
});

test('show tells where a value comes from and what it overrode', async () => {
  const { status, stdout } = await program(['show', 'backend', '--conf', 'conf', '--key-type', 'ed25519']);
  assert.is(status, 0);
  assert.match(
    stdout,
    /^key-type = ed25519 +--key-type\n +instead of "ec:prime256v1" +conf\/defaults\.ini:2\n +instead of "rsa:4096" +openssl-conf\/defaults\.ini:\d+$/m,
  );
  assert.match(stdout, /^commonName = Müller Backend Certificate +openssl-conf\/customer\/backend\.ini:\d+$/m);
  assert.match(stdout, /^notAfter = 2027-06-30T12:00:00Z +conf\/backend\.ini:10$/m);
  assert.not.match(stdout, /^days/m);
});

test('show --cnf is the configuration that generate renders', async () => {
  const { stdout } = await program(['show', 'backend', '--cnf', '--conf', 'conf']);
  assert.is(stdout, readFileSync(join(folder, 'generated/.pki/backend.cnf'), 'utf8'));
});

test('show without an entity lists all; an unknown one is a wrong use that names the nearest', async () => {
  const all = await program(['show', '--brand', 'Flag']);
  assert.match(all.stdout, /^ssig_subca +ssig_rootca +rsa:4096 +2190 days/m);
  assert.match(all.stdout, /^brand = Flag +--brand\n +instead of "trustme"/m);
  const wrong = await program(['show', 'backen']);
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean "backend"\?/);
});

test('plan --diff tells what differs between configuration and directory, and nothing where they agree', async () => {
  const diff = (...words: string[]) => program(['plan', '--diff', '--dir', 'generated', ...words]);
  const same = await diff('--conf', 'conf');
  assert.is(same.stdout, 'generated is as configured\n');
  const other = join(folder, 'other');
  mkdirSync(other);
  writeFileSync(
    join(other, 'backend.ini'),
    '[certificate]\nsubjectAltName = DNS:mdm.example.org, IP:::1\ndays = 700\nnotAfter =\n',
  );
  writeFileSync(join(other, 'user_subca.ini'), 'remove = yes\n');
  const twin = readFileSync(join(folder, 'own-twin.ini'), 'utf8');
  writeFileSync(join(other, 'backend2.ini'), twin);
  const changed = await diff('--conf', 'conf', '--conf', 'other');
  assert.is(changed.status, 0);
  assert.equal(
    changed.stdout.split('\n').filter(line => !line.startsWith('"')),
    [
      '~ backend: backend.cert differs',
      '    days: 546 -> 700',
      '    subjectAltName: DNS:localhost -> DNS:mdm.example.org, IP:::1',
      '+ backend2: backend2.cert is configured, not there',
      '- user_subca: user_subca.cert is there, not configured',
      '',
      '',
    ],
  );
  const { comparisons } = JSON.parse((await diff('--conf', 'conf', '--conf', 'other', '--json')).stdout);
  assert.equal(
    comparisons.map(({ stem, state }: { stem: string; state: string }) => [stem, state]),
    [
      ['backend', 'different'],
      ['backend2', 'missing'],
      ['user_subca', 'extra'],
    ],
  );
  const renewed = await program(['rekey', 'backend', '--dir', 'generated', '--conf', 'conf']);
  assert.is(renewed.status, 0, renewed.stderr);
  const missing = await program(['plan', '--diff', '--dir', 'nowhere']);
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /"nowhere" is no directory/);
});

test('plan --diff tells what no certificate says: what is issued and listed, what follows in the file, where the key is', async () => {
  const other = join(folder, 'unseen');
  mkdirSync(other);
  const files = {
    'device_subca.ini': 'crl-days = 9\n[issued]\ndays = 77\nextendedKeyUsage = clientAuth, emailProtection\n',
    'guestos_subca.ini': '[issued ocsp]\ndays = 33\n',
    'backend.ini': 'bundle =\n',
    'user_subca.ini': '[key]\nstorage = pkcs11\ntoken = hsm\nobject = user\npin-env = PIN\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(other, name), text);
  const { status, stdout, stderr } = await program(
    ['plan', '--diff', '--dir', 'generated', '--conf', 'conf', '--conf', 'unseen', '--json'],
    { PIN: '1234' },
  );
  assert.is(status, 0, stderr);
  const told = JSON.parse(stdout).comparisons.flatMap(
    ({ stem, differences }: { stem: string; differences: { key: string; should: string }[] }) =>
      differences.map(({ key, should }) => `${stem} ${key} ${should}`),
  );
  assert.equal(told.sort(), [
    'backend bundle ',
    'device_subca [authority] default_crl_days 9',
    'device_subca [authority] default_days 77',
    'device_subca [issued] extendedKeyUsage clientAuth, emailProtection',
    'device_subca [issued_rsa] extendedKeyUsage clientAuth, emailProtection',
    'guestos_subca [issued_ocsp] options -days 33',
    'user_subca [key] pkcs11:token=hsm;object=user;type=private',
  ]);
});

test('plan --diff needs to read no key', async () => {
  cpSync(join(folder, 'generated'), join(folder, 'locked'), { recursive: true });
  rmSync(join(folder, 'locked/user_subca.key'));
  symlinkSync('/nowhere/user_subca.key', join(folder, 'locked/user_subca.key'));
  const { stdout, stderr } = await program(['plan', '--diff', '--dir', 'locked', '--conf', 'conf']);
  assert.is(stdout, 'locked is as configured\n', stderr);
});

test('the script trustme-pki of a clone runs a verb', async () => {
  const { status, stdout } = await start('bash', [join(ROOT, 'scripts/trustme-pki'), '--help'], { cwd: folder }).ended;
  assert.is(status, 0);
  assert.match(stdout, /^ {2}verify +is the directory sound/m);
});

test('init-conf writes a folder that changes nothing until it is edited, and overwrites nothing', async () => {
  assert.is((await program(['init-conf', 'own'])).status, 0);
  const [shipped, own] = await Promise.all([program(['show', '--json']), program(['show', '--json', '--conf', 'own'])]);
  assert.is(own.stdout, shipped.stdout);
  const file = join(folder, 'own/customer/backend.ini');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replaceAll(/^; (\[certificate\]|subjectAltName = ).*$/gm, (_, line) =>
      line === '[certificate]' ? line : `${line}DNS:mdm.example.org`,
    ),
  );
  const edited = await program(['show', 'backend', '--conf', 'own']);
  assert.match(
    edited.stdout,
    /^subjectAltName = DNS:mdm\.example\.org +own\/customer\/backend\.ini:\d+\n +instead of "DNS:localhost"/m,
  );
  const again = await program(['init-conf', 'own']);
  assert.is(again.status, 1);
  assert.match(again.stderr, /not empty: nothing is overwritten/);
});

test.run();
