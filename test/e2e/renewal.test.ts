// renew and rekey: what standard tools make of the directory afterwards, and what goes wrong.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSignatureLists } from '../../scripts/lib/model/signature-list.ts';
import { parseVariableUpdate } from '../../scripts/lib/model/variable-update.ts';
import { cleanEnvironment, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('renewal');
const folder = scratch();
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}, clock?: string) => {
  const env = cleanEnvironment(extra);
  if (clock === undefined) return runProgram(words, folder, env);
  return start('faketime', [clock, process.execPath, MAIN, ...words], { cwd: folder, env }).ended;
};

test.before(async () => {
  const words = ['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet'];
  const { status, stderr } = await program(words);
  assert.is(status, 0, stderr);
});

/** A copy of the PKI, and the program working in it. */
function copyOf(name: string) {
  const path = join(folder, name);
  cpSync(join(folder, 'base'), path, { recursive: true });
  const run = (...words: string[]) => program([...words, '--dir', name]);
  const succeed = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...words);
    assert.is(status, 0, stderr);
    return stdout;
  };
  const sound = async () => {
    const { status, stdout } = await program(['verify', name]);
    assert.is(status, 0, stdout);
  };
  const field = (file: string, what: string) => tool('openssl', ['x509', '-in', file, '-noout', `-${what}`], path);
  const read = (file: string) => readFileSync(join(path, file));
  return { path, run, succeed, sound, field, read };
}

/** Renewed in the future, so that times differ. */
const LATER = '2027-06-01 12:00:00';

test('an end entity: same key and subject, later end; the old one stays in database and archive', async () => {
  const pki = copyOf('leaf');
  const [key, subject, serial, end] = ['pubkey', 'subject', 'serial', 'enddate'].map(what =>
    pki.field('backend.cert', what),
  );
  const { status, stdout, stderr } = await program(['renew', 'backend', '--dir', 'leaf', '--json'], {}, LATER);
  assert.is(status, 0, stderr);
  const { renewed, files } = JSON.parse(stdout);
  assert.is(pki.field('backend.cert', 'pubkey'), key);
  assert.is(pki.field('backend.cert', 'subject'), subject);
  assert.is.not(pki.field('backend.cert', 'serial'), serial);
  assert.is(pki.field('backend.cert', 'serial').trim(), `serial=${renewed[0].serial}`);
  assert.is.not(pki.field('backend.cert', 'enddate'), end);
  assert.match(pki.field('backend.cert', 'enddate'), /2030/);
  assert.ok(files.includes('backend.cert') && files.includes('.pki/backend_subca/index.txt'));
  const old = serial!.trim().split('=')[1]!;
  assert.ok(existsSync(join(pki.path, `.pki/backend_subca/issued/${old}.pem`)));
  assert.ok(existsSync(join(pki.path, `.pki/retired/backend/${old}.pem`)));
  const { issued } = JSON.parse(await pki.succeed('list', 'backend_subca', '--subject', 'backend cert', '--json'));
  assert.is(issued.length, 2);
  // The old one is revoked by its number; the new one stays good.
  await pki.succeed('revoke', old, '--reason', 'superseded');
  const states = JSON.parse(await pki.succeed('list', 'backend_subca', '--subject', 'backend cert', '--json')).issued;
  assert.equal(
    states.map(({ status: state }: { status: string }) => state),
    ['revoked', 'valid'],
  );
  const later = ['-attime', String(Date.parse('2027-06-02') / 1000), '-CAfile', 'gen_rootca.cert'];
  tool('openssl', ['verify', ...later, '-untrusted', 'backend_subca.cert', 'backend.cert'], pki.path);
});

test('what ends with its issuer is as the configuration wants it, and a CA of tomorrow issues nothing', async () => {
  const pki = copyOf('clocks');
  const at = (clock: string, ...words: string[]) => program([...words, '--dir', 'clocks'], {}, clock);
  const clipped = await at('2031-06-01 12:00:00', 'renew', 'backend');
  assert.is(clipped.status, 0, clipped.stderr);
  assert.is(pki.field('backend.cert', 'enddate'), pki.field('backend_subca.cert', 'enddate'));
  const { stdout } = await at('2031-06-02 12:00:00', 'verify');
  assert.not.match(stdout, /configuration-differs/);
  const early = await at('2020-01-01 12:00:00', 'issue', 'backend_subca', 'early');
  assert.is(early.status, 1);
  assert.match(early.stderr, /error: backend_subca is not valid before .*\n.*hint: look at the clock/);
});

test('rekey: old keys that are missing are not needed', async () => {
  const pki = copyOf('keyless');
  for (const name of ['backend', 'backend_subca']) rmSync(join(pki.path, `${name}.key`));
  const one = await pki.run('rekey', 'backend');
  assert.match(one.stderr, /error: "backend_subca\.key", which a new backend needs, is not in the directory/);
  const { status, stdout, stderr } = await pki.run('rekey', 'backend_subca', 'backend', '--cascade');
  assert.is(status, 0, stderr);
  assert.match(stderr, /the old key of backend is not in the directory, and so is not kept/);
  assert.not.match(stdout, /the old key is/);
  await pki.sound();
  rmSync(join(pki.path, 'gen_rootca.cert'));
  const { stderr: unbundled } = await pki.run('renew', 'backend');
  assert.match(unbundled, /error: "gen_rootca\.cert", which a new backend needs, is not in the directory/);
  rmSync(join(pki.path, 'KEK.key'));
  const { stderr: refused } = await pki.run('rekey', 'KEK');
  assert.match(refused, /error: "KEK\.key", which a new .* needs, is not in the directory/);
});

test('rekey: a new key, the old one kept for its owner alone', async () => {
  const pki = copyOf('rekeyed');
  const [key, publicKey] = [pki.read('backend_subca.key'), pki.field('backend_subca.cert', 'pubkey')];
  const refused = await pki.run('rekey', 'backend_subca');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /a new key of backend_subca makes worthless: backend, ocsp_server\n.*--cascade/);
  assert.equal(pki.read('backend_subca.key'), key);
  const { renewed } = JSON.parse(await pki.succeed('rekey', 'backend_subca', '--cascade', '--json'));
  assert.equal(renewed.map(({ name }: { name: string }) => name).sort(), ['backend', 'backend_subca', 'ocsp_server']);
  assert.is.not(pki.field('backend_subca.cert', 'pubkey'), publicKey);
  assert.is(statSync(join(pki.path, 'backend_subca.key')).mode & 0o777, 0o600);
  const { retiredKey } = renewed.find(({ name }: { name: string }) => name === 'backend_subca');
  assert.is(statSync(join(pki.path, retiredKey)).mode & 0o777, 0o600);
  assert.equal(pki.read(retiredKey), key);
  await pki.sound();
  tool(
    'openssl',
    ['verify', '-x509_strict', '-CAfile', 'gen_rootca.cert', '-untrusted', 'backend_subca.cert', 'backend.cert'],
    pki.path,
  );
  await pki.succeed('issue', 'backend_subca', 'after');
  await pki.sound();
});

test('a CA: what names its certificate by number is renewed with it, also what "issue" made', async () => {
  const pki = copyOf('ca');
  await pki.succeed('issue', 'user_subca', 'alice');
  const refused = await pki.run('renew', 'user_subca');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /named in: alice \(authorityKeyIdentifier\)\n.*--cascade/);
  const before = ['gen_rootca', 'user_subca', 'alice'].map(stem => pki.field(`${stem}.cert`, 'serial'));
  mkdirSync(join(folder, 'elsewhere'));
  await pki.succeed('sign-csr', 'device_subca', request(), '--output-dir', join(folder, 'elsewhere'));
  const { elsewhere } = JSON.parse(await pki.succeed('renew', 'gen_rootca', '--cascade', '--json'));
  assert.equal(elsewhere, { device_subca: 1 });
  const picture = await pki.succeed('graph', '--json');
  assert.equal(
    [...picture.matchAll(/"stem":"(\w+)"(?:(?!"stem":).)*"issuedToRequests":[1-9]/g)].map(([, stem]) => stem),
    ['device_subca'],
  );
  await pki.sound();
  const after = ['gen_rootca', 'user_subca', 'alice'].map(stem => pki.field(`${stem}.cert`, 'serial'));
  for (const [i, serial] of before.entries()) assert.is.not(after[i], serial);
  const trust = ['-x509_strict', '-CAfile', 'gen_rootca.cert', '-untrusted', 'alice.cert'];
  tool('openssl', ['verify', ...trust, 'alice.cert'], pki.path);
});

test('what "issue" made is renewed by what it asked for before, octet by octet where its key signs alike each time', async () => {
  const pki = copyOf('alike');
  await pki.succeed('issue', 'user_subca', 'alice', '--key-type', 'rsa:2048');
  await pki.succeed('issue', 'user_subca', 'bob', '--key-type', 'ed25519', '--days', '20');
  const first = ['alice', 'bob'].map(stem => pki.field(`${stem}.cert`, 'serial'));
  const later = await program(['renew', 'alice', '--dir', 'alike'], {}, LATER);
  assert.is(later.status, 0, later.stderr);
  assert.match(pki.field('alice.cert', 'enddate'), /2030/);
  assert.match(await pki.succeed('renew', '--expiring', '30'), /^bob: until /m);
  const second = ['alice', 'bob'].map(stem => pki.field(`${stem}.cert`, 'serial'));
  for (const verb of ['renew', 'rekey']) await pki.succeed(verb, 'user_subca', '--cascade');
  const last = ['alice', 'bob'].map(stem => pki.field(`${stem}.cert`, 'serial'));
  for (const at of [0, 1]) assert.is(new Set([first, second, last].map(each => each[at])).size, 3);
  const { issued } = JSON.parse(await pki.succeed('list', 'user_subca', '--json'));
  assert.is(issued.length, 8);
  await pki.sound();
});

test('what "issue" made keeps its profile; where none gives what it has, or several do, nothing is made', async () => {
  const pki = copyOf('profiles');
  const conf = (name: string, ...profiles: string[]) => {
    mkdirSync(join(folder, name, 'customer'), { recursive: true });
    writeFileSync(join(folder, name, 'customer/device_subca.ini'), profiles.join(''));
    return ['--conf', name];
  };
  const profile = (name: string, days: number, ...lines: string[]) =>
    [`[issued ${name}]`, `days = ${days}`, 'basicConstraints = critical, CA:FALSE', ...lines, ''].join('\n');
  const USAGE = ['keyUsage = critical, digitalSignature', 'extendedKeyUsage = 1.3.6.1.5.5.7.3.2'];
  const VPN = profile('vpn', 30, ...USAGE, 'certificatePolicies = 1.2.3.4.5, 1.2.3.6 CPS:https://a.example/b');
  const PLAIN = profile('plain', 30, ...USAGE);
  const both = conf('fit-both', VPN, PLAIN, profile('long', 40, ...USAGE), profile('alike', 40, ...USAGE));
  const facts = (name: string) => {
    const lines = ['keyUsage', 'extendedKeyUsage', 'certificatePolicies', 'basicConstraints'].join();
    const days =
      Date.parse(pki.field(`${name}.cert`, 'enddate').slice(9)) -
      Date.parse(pki.field(`${name}.cert`, 'startdate').slice(10));
    return [tool('openssl', ['x509', '-in', `${name}.cert`, '-noout', '-ext', lines], pki.path), days / 86_400_000];
  };
  for (const [name, ...words] of [
    ['vpn', 'ec:prime256v1'],
    ['plain', 'rsa:2048'],
    ['long', 'ed25519'],
  ] as const) {
    await pki.succeed('issue', 'device_subca', name, '--profile', name, '--key-type', ...words, ...both);
    const [before, serial] = [facts(name), pki.field(`${name}.cert`, 'serial')];
    await pki.succeed('renew', name, ...both);
    assert.equal(facts(name), before);
    assert.is.not(pki.field(`${name}.cert`, 'serial'), serial);
  }
  const refused = async (said: RegExp, ...words: string[]) => {
    const before = pki.read('.pki/device_subca/index.txt');
    const { status, stderr } = await pki.run(...words);
    assert.is(status, 1);
    assert.match(stderr, said);
    assert.equal(pki.read('.pki/device_subca/index.txt'), before);
  };
  const NONE =
    /device_subca has no profile that gives what "vpn" has: .*keyUsage = critical, digitalSignature; .*\n.*--conf/;
  await refused(NONE, 'renew', 'vpn');
  await refused(/no profile that gives what "\w+" has/, 'renew', 'device_subca', '--cascade');
  await refused(NONE, 'renew', 'vpn', ...conf('fit-plain', PLAIN));
  await pki.succeed('issue', 'device_subca', 'odd', '--profile', 'plain', '--days', '7', ...both);
  const SEVERAL =
    /several profiles of device_subca give what "odd" has.*: \[issued plain\], \[issued long\], \[issued alike\]\n/;
  await refused(SEVERAL, 'renew', 'odd', ...both);
  await pki.succeed('renew', 'odd', ...conf('fit-plain', PLAIN));
  assert.is(facts('odd')[1], 30);
  // What expires is told, and hinders nothing else.
  await pki.succeed('issue', 'user_subca', 'alice', '--days', '7');
  const expiring = await pki.succeed('renew', '--expiring', '35', '--json');
  const { renewed, hindered } = JSON.parse(expiring);
  assert.equal(
    renewed.map(({ name }: { name: string }) => name),
    ['alice'],
  );
  assert.equal(hindered.map(({ name }: { name: string }) => name).sort(), ['odd', 'plain', 'vpn']);
  // Addresses are those of the configuration.
  writeFileSync(
    join(folder, 'fit-plain/defaults.ini'),
    '[urls customer]\ncrlDistributionPoints = http://new.example/ca.crl\n',
  );
  await pki.succeed('renew', 'plain', '--conf', 'fit-plain');
  assert.match(tool('openssl', ['x509', '-in', 'plain.cert', '-noout', '-text'], pki.path), /new\.example/);
});

test('UEFI: lists, updates and exports follow; machines in the field get an update of their own', async () => {
  const pki = copyOf('uefi');
  const [owner, former] = [parseSignatureLists(pki.read('DB.esl')), pki.read('KEK.crt')];
  const time = (file: string) => parseVariableUpdate(pki.read(file)).time.getTime();
  const times = ['DB.auth', 'KEK.auth', 'PK.auth'].map(time);
  const said = await pki.succeed('renew', 'ssig_subca', '--cascade');
  assert.match(said, /^for machines in the field: DB\.append\.auth$/m);
  await pki.sound();
  const list = parseSignatureLists(pki.read('DB.esl'));
  assert.equal(
    list.map(each => each.owner),
    owner.map(each => each.owner),
  );
  const fresh = tool('openssl', ['x509', '-in', 'ssig_subca.cert', '-outform', 'DER', '-out', 'fresh.der'], pki.path);
  assert.is(fresh, '');
  const der = pki.read('fresh.der');
  assert.equal(pki.read('certs/signing_key.x509'), der);
  const append = parseVariableUpdate(pki.read('DB.append.auth'));
  assert.equal(
    parseSignatureLists(append.payload).map(({ data }) => data),
    [der],
  );
  assert.ok(time('DB.append.auth') > times[0]! && time('DB.auth') > times[0]!);
  rmSync(join(pki.path, 'fresh.der'));
  await pki.succeed('rekey', 'KEK');
  await pki.sound();
  // Firmware that has the old PK takes the new KEK; the new KEK then signs db.
  const stored = parseSignatureLists(parseVariableUpdate(pki.read('KEK.append.auth')).payload);
  assert.is(stored.length, 1);
  assert.not.equal(pki.read('KEK.crt'), former);
  await pki.succeed('renew', 'PK');
  await pki.sound();
  assert.ok(time('PK.auth') < time('KEK.auth') && time('KEK.auth') < time('DB.auth'));
  assert.ok(time('KEK.auth') > times[1]! && time('PK.update.auth') > times[2]!);
});

test('--expiring: all that end by then, issuers first; nothing is no failure', async () => {
  const pki = copyOf('expiring');
  assert.is(await pki.succeed('renew', '--expiring', '30'), 'nothing expires within 30 days\n');
  const ended = await program(['renew', '--expiring', '90', '--dir', 'expiring', '--json'], {}, '2029-10-01 12:00:00');
  assert.is(ended.status, 0, ended.stderr);
  const names = JSON.parse(ended.stdout).renewed.map(({ name }: { name: string }) => name);
  assert.equal(names.sort(), ['backend', 'ocsp_server', 'ssig', 'ssig_cml']);
  const next = await program(['verify', 'expiring', '--expires-within', '90'], {}, '2029-10-02 12:00:00');
  assert.is(next.status, 0, next.stdout);
});

test('what is revoked is not brought back: not by its name, not with what expires, not with its CA', async () => {
  const pki = copyOf('revoked');
  await pki.succeed('issue', 'guestos_subca', 'lost');
  await pki.succeed('issue', 'guestos_subca', 'kept');
  await pki.succeed('revoke', 'lost');
  await pki.succeed('revoke', 'ocsp_server', '--reason', 'certificateHold');
  await pki.succeed('revoke', 'backend', '--reason', 'keyCompromise');
  await pki.succeed('revoke', 'user_subca', '--reason', 'cessationOfOperation');
  await pki.succeed('sign-csr', 'device_subca', request(), '--output-dir', folder);
  const before = ['lost.cert', 'backend.cert', 'ocsp_server.cert', 'user_subca.cert'].map(pki.read);
  for (const [name, message] of [
    ['backend', /backend is revoked \(keyCompromise\)\n.*hint: a new key: trustme-pki rekey backend/],
    ['ocsp_server', /ocsp_server is revoked \(certificateHold\)\n.*hint: release it first: .* --reason removeFromCRL/],
    ['lost', /lost is revoked \(unspecified\)\n.*hint: .*trustme-pki issue guestos_subca NAME/],
  ] as const) {
    const { status, stderr } = await pki.run('renew', ...name.split(' '));
    assert.is(status, 1);
    assert.match(stderr, message);
  }
  const expiring = await pki.succeed('renew', '--expiring', '1200');
  assert.match(expiring, /^backend stays as it is: backend is revoked \(keyCompromise\)/m);
  assert.match(expiring, /^kept: until /m);
  const cascade = await pki.succeed('renew', 'gen_rootca', '--cascade');
  assert.match(cascade, /^gen_rootca: readers need the new certificate, too, before .*: trustme-pki export anchors$/m);
  assert.match(cascade, /^kept: until /m);
  for (const name of ['lost', 'backend', 'ocsp_server', 'user_subca'])
    assert.match(cascade, new RegExp(`^${name} stays as it is: ${name} is revoked`, 'm'));
  assert.equal(['lost.cert', 'backend.cert', 'ocsp_server.cert', 'user_subca.cert'].map(pki.read), before);
  // Its CA has another certificate since, and knows it all the same.
  assert.match(await pki.succeed('revoke', join(folder, 'device.cert')), /device\.cert: revoked \(device_subca/);
  // A new key is another matter; what is sound then lacks only what is still revoked.
  await pki.succeed('rekey', 'backend');
  await pki.succeed('revoke', 'ocsp_server', '--reason', 'removeFromCRL');
  await pki.succeed('renew', 'ocsp_server');
  const { stdout } = await program(['verify', 'revoked', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { file: string; severity: string; code: string }[] };
  const errors = findings.filter(({ severity }) => severity === 'error').map(({ file, code }) => `${file} ${code}`);
  const expected = ['lost.cert', 'user_subca.cert'].flatMap(file => [
    `${file} chain-broken`,
    `${file} revoked-published`,
  ]);
  assert.equal([...new Set(errors)].sort(), expected);
});

test('what "issue" made by a CA that must not sign is refused before anything is made; among what expires it is told', async () => {
  const pki = copyOf('barred');
  for (const [ca, name] of [
    ['user_subca', 'below'],
    ['guestos_subca', 'linked'],
  ] as const)
    await pki.succeed('issue', ca, name, '--days', '20');
  await pki.succeed('revoke', 'user_subca');
  const files = ['backend.cert', 'backend_subca.cert', '.pki/backend_subca/index.txt'];
  const before = files.map(pki.read);
  const refused = async (said: RegExp, ...words: string[]) => {
    const { status, stdout, stderr } = await pki.run('renew', ...words);
    assert.is(status, 1, stdout);
    assert.match(stderr, said);
    assert.equal(files.map(pki.read), before);
  };
  const REVOKED =
    /^trustme-pki: error: user_subca was revoked by gen_rootca .*\n.*hint: .*rekey user_subca --cascade\n$/;
  await refused(REVOKED, 'backend', 'below');
  await refused(REVOKED, 'backend_subca', 'below', '--cascade', '--json');
  const certificate = join(pki.path, 'linked.cert');
  mkdirSync(join(pki.path, 'elsewhere'));
  renameSync(certificate, join(pki.path, 'elsewhere/file'));
  symlinkSync(join(pki.path, 'elsewhere/file'), certificate);
  await refused(/^trustme-pki: error: "linked\.cert" is a symbolic link: /, 'backend', 'linked');
  const told = await pki.succeed('renew', '--expiring', '1200');
  assert.match(told, /^backend: until /m);
  assert.match(told, /^below stays as it is: it is below user_subca, which is revoked/m);
  assert.match(told, /^linked stays as it is: "linked\.cert" is a symbolic link/m);
});

test('what "issue" made follows one by one: where one fails, the others are made, and all is told', async () => {
  const pki = copyOf('follows');
  for (const name of ['aa', 'bb', 'cc', 'dd']) await pki.succeed('issue', 'user_subca', name);
  // Their keys are found compromised when they are signed.
  for (const name of ['bb', 'cc']) {
    tool('openssl', ['req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `../${name}.csr`], pki.path);
    await pki.succeed('sign-csr', 'device_subca', `${name}.csr`, '--output-dir', folder);
    await pki.succeed('revoke', join(folder, `${name}.cert`), '--reason', 'keyCompromise');
  }
  const all = ['user_subca', 'aa', 'bb', 'cc', 'dd'];
  const serials = () => all.map(stem => pki.field(`${stem}.cert`, 'serial'));
  for (const json of [false, true]) {
    const before = serials();
    const ended = await pki.run('renew', 'user_subca', '--cascade', ...(json ? ['--json'] : []));
    assert.is(ended.status, 1);
    const after = serials();
    assert.equal(
      all.filter((_, i) => after[i] !== before[i]),
      ['user_subca', 'aa', 'dd'],
    );
    const made = json
      ? JSON.parse(ended.stdout).renewed.map(({ name }: { name: string }) => name)
      : [...ended.stdout.matchAll(/^(\w+): until /gm)].map(([, name]) => name);
    assert.equal(made, ['user_subca', 'aa', 'dd']);
    assert.match(
      ended.stderr,
      /cc was not renewed: user_subca does not renew "cc": its key was revoked as compromised/,
    );
    assert.match(
      ended.stderr,
      /error: user_subca does not renew "bb": its key .*\n.*hint: renewed before, and published: user_subca, aa, dd; not renewed: bb, cc\n$/,
    );
  }
  const none = await pki.run('renew', 'bb', 'cc');
  assert.is(none.status, 1);
  assert.is(none.stdout, '');
  assert.match(none.stderr, /error: user_subca does not renew "bb": .*\n.*hint: not renewed: bb, cc\n$/);
});

test('--expiring: what cannot be renewed here is told, and hinders nothing else', async () => {
  const pki = copyOf('hindered');
  await pki.succeed('sign-csr', 'device_subca', request(), '--output-dir', pki.path, '--days', '20');
  const words = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
  tool(
    'openssl',
    ['req', '-x509', ...words, '-days', '9', '-subj', '/CN=foreign', '-out', 'hindered/foreign.crt'],
    folder,
  );
  await pki.succeed('issue', 'backend_subca', 'mdm', '--days', '20');
  const first = await pki.succeed('renew', '--expiring', '30');
  assert.match(first, /^mdm: until /);
  assert.match(first, /device stays as it is: the key of device is not .*; sign its request again: .* --again/);
  assert.match(first, /foreign stays as it is: no CA of the directory issued "foreign\.crt"/);
  // The key of the root lies elsewhere: what it signed stays, and with it what can last no longer.
  rmSync(join(pki.path, 'gen_rootca.key'));
  const late = await program(['renew', '--expiring', '90', '--dir', 'hindered', '--json'], {}, '2032-10-10 12:00:00');
  assert.is(late.status, 0, late.stderr);
  const { renewed, hindered } = JSON.parse(late.stdout) as Record<string, { name: string; reason: string }[]>;
  const reasonOf = (stem: string) => hindered!.find(({ name }) => name === stem)?.reason;
  assert.match(
    reasonOf('backend_subca')!,
    /"gen_rootca\.key", which a new backend_subca needs, is not in the directory/,
  );
  assert.ok(
    renewed!.some(({ name }) => name === 'ssig_subca' || name === 'ssig'),
    late.stdout,
  );
});

test('--expiring: what stands in the way of one certificate keeps no other from a new one', async () => {
  const cases: [name: string, time: string, before: (pki: ReturnType<typeof copyOf>) => unknown, left: object][] = [
    [
      'held',
      '2029-11-15 12:00:00',
      pki => pki.succeed('revoke', 'ssig_subca_cml', '--reason', 'certificateHold'),
      { ssig_cml: /below ssig_subca_cml, which is revoked \(certificateHold\)/ },
    ],
    [
      'over',
      '2033-01-15 12:00:00',
      pki => ['gen_rootca', 'PK'].map(stem => rmSync(join(pki.path, `${stem}.key`))),
      {
        ...Object.fromEntries(['backend', 'device', 'guestos', 'user'].map(ca => [`${ca}_subca`, /"gen_rootca\.key"/])),
        ...{ backend: /no.* longer than its issuer backend_subca/, ocsp_server: /no.* longer than its issuer/ },
        ...{ PK: /"PK\.key", which a new PK needs/, KEK: /"PK\.key", which a new KEK\.auth needs/ },
      },
    ],
    [
      'unsigned',
      '2032-11-15 12:00:00',
      pki => rmSync(join(pki.path, 'KEK.key')),
      {
        ...{ PK: /"KEK\.key", which a new DB\.auth/, KEK: /"KEK\.key", which a new KEK/ },
        ...{ DB: /"KEK\.key", which a new DB\.auth/, ssig_subca: /"KEK\.key", which a new DB\.auth/ },
      },
    ],
    [
      'pinned',
      '2032-11-15 12:00:00',
      async pki => {
        const words = ['sign-csr', '--output-dir', pki.path, '--days', '2000', 'device_subca', request()];
        assert.is((await program([...words, '--dir', 'pinned'], {}, '2027-06-01 12:00:00')).status, 0);
        cpSync(join(folder, request()), join(folder, 'user.csr'));
        await pki.succeed('sign-csr', 'user_subca', 'user.csr', '--output-dir', pki.path);
      },
      {
        ...{ device: /the key of device is not in the directory/, user: /the key of user is not in the directory/ },
        device_subca: /by its serial number it is named in device .*, which is not renewed with it/,
      },
    ],
  ];
  for (const [name, time, before, left] of cases) {
    const pki = copyOf(name);
    await before(pki);
    const { status, stdout, stderr } = await program(['renew', '--expiring', '30', '--dir', name, '--json'], {}, time);
    assert.is(status, 0, `${name}: ${stderr}`);
    const { renewed, hindered } = JSON.parse(stdout) as Record<string, { name: string; reason: string }[]>;
    assert.equal(hindered!.map(each => each.name).sort(), Object.keys(left).sort(), name);
    for (const each of hindered!) assert.match(each.reason, (left as Record<string, RegExp>)[each.name]!);
    assert.ok(
      ['ssig', 'backend'].some(stem => renewed!.some(each => each.name === stem)),
      stdout,
    );
  }
  // By its name it is an error.
  const { status, stderr } = await program(['renew', 'ssig_cml', '--dir', 'held'], {}, '2029-11-15 12:00:00');
  assert.is(status, 1);
  assert.match(stderr, /ssig_subca_cml was revoked by ssig_rootca \(certificateHold\)/);
});

test('a CA that another run works with is renewed after that, with what it issued meanwhile; who waits for the renewal signs by the new key', async () => {
  const pki = copyOf('busy');
  request();
  await pki.succeed('issue', 'device_subca', 'unit', '--output-dir', folder);
  /** While it waits for who has the lock, that one does some work. */
  const meanwhile = async (work: string, ...words: string[]) => {
    const script = `echo held; read -r go; ${work}`;
    const lock = join(pki.path, '.pki/device_subca/lock');
    const holder = start('flock', [lock, 'sh', '-ec', script], { cwd: folder, stdio: 'pipe' });
    await new Promise(done => holder.child.stdout!.once('data', done));
    const waiting = start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment() });
    waiting.child.stderr!.on('data', text => {
      if (/waiting for another run on device_subca/.test(String(text))) holder.child.stdin!.end('go\n');
    });
    const { status, stdout, stderr } = await waiting.ended;
    holder.child.stdin!.end();
    assert.is(status, 0, stderr);
    assert.is((await holder.ended).status, 0);
    return stdout;
  };
  const issues = 'mv unit.cert unit.key busy/';
  const { renewed } = JSON.parse(
    await meanwhile(issues, 'rekey', 'device_subca', '--cascade', '--dir', 'busy', '--json'),
  );
  const names = renewed.map(({ name }: { name: string }) => name);
  assert.equal(names, ['device_subca', 'unit']);
  await pki.sound();
  cpSync(pki.path, join(folder, 'after'), { recursive: true });
  assert.is((await program(['rekey', 'device_subca', '--cascade', '--dir', 'after'])).status, 0);
  const renews = 'cp -p after/device_subca.* busy/ && cp -rp after/.pki/retired busy/.pki/';
  await meanwhile(renews, 'sign-csr', 'device_subca', 'device.csr', '--dir', 'busy', '--output-dir', 'after');
  tool(
    'openssl',
    ['verify', '-CAfile', 'gen_rootca.cert', '-untrusted', 'device.cert', 'device.cert'],
    join(folder, 'after'),
  );
});

test('a validity ends with that of the issuer; where that is no gain it is refused', async () => {
  const pki = copyOf('clipped');
  const late = '2031-11-01 12:00:00';
  const ended = await program(['renew', 'backend', '--dir', 'clipped'], {}, late);
  assert.is(ended.status, 0, ended.stderr);
  assert.is(pki.field('backend.cert', 'enddate'), pki.field('backend_subca.cert', 'enddate'));
  const again = await program(['renew', 'backend', '--dir', 'clipped'], {}, late);
  assert.is(again.status, 1);
  assert.match(
    again.stderr,
    /backend cannot last longer: its issuer backend_subca ends .*\n.*renew backend_subca --cascade/,
  );
});

test('a directory of the old script, and one behind a link', async () => {
  const pki = copyOf('old');
  rmSync(join(pki.path, '.pki'), { recursive: true });
  symlinkSync('old', join(folder, 'release'));
  const refused = await program(['renew', 'backend', '--dir', 'release']);
  assert.match(refused.stderr, /is a symbolic link: a release PKI.*\n.*--release/);
  const renewed = await program(['renew', 'backend', 'DB', '--dir', 'release', '--release']);
  assert.is(renewed.status, 0, renewed.stderr);
  assert.match(renewed.stderr, /backend_subca had no database: built it/);
  await pki.sound();
});

test('a symbolic link in the place of what is needed, or would be replaced, is refused before anything is made', async () => {
  const pki = copyOf('linked');
  await pki.succeed('issue', 'backend_subca', 'mdm');
  mkdirSync(join(pki.path, 'elsewhere'));
  const cases: [linked: string, name: string][] = [
    ['ssig_subca.key', 'ssig'],
    ['ssig_subca.cert', 'ssig'],
    ['ssig.cert', 'ssig'],
    ['DB.auth', 'DB'],
    ['ssig_rootca.cert', 'ssig'],
    ['certs/signing_key.pem', 'ssig_subca --cascade'],
    ['mdm.cert', 'mdm'],
  ];
  for (const [linked, name] of cases) {
    const [file, behind] = [join(pki.path, linked), join(pki.path, 'elsewhere/file')];
    renameSync(file, behind);
    symlinkSync(behind, file);
    const ended = await pki.run('renew', ...name.split(' '));
    assert.is(ended.status, 1, linked);
    assert.match(
      ended.stderr,
      new RegExp(`error: "${linked}" is a symbolic link: .*\n.*put the file that it leads to`),
    );
    assert.ok(lstatSync(file).isSymbolicLink());
    // What has nothing to do with it is renewed.
    if (linked === 'ssig_subca.key') await pki.succeed('renew', 'backend');
    renameSync(behind, file);
  }
  rmSync(join(pki.path, 'elsewhere'), { recursive: true });
  await pki.sound();
});

test('what goes wrong is told, and changes nothing', async () => {
  const pki = copyOf('wrong');
  await pki.succeed('issue', 'backend_subca', 'mdm');
  await pki.succeed('sign-csr', 'device_subca', request(), '--output-dir', pki.path);
  const snapshot = () => readdirSync(pki.path).map(name => [name, statSync(join(pki.path, name)).mtimeMs].join());
  const before = snapshot();
  const cases: [string[], number, RegExp][] = [
    [['renew'], 2, /NAME is missing/],
    [['renew', 'backend', '--expiring', '3'], 2, /--expiring goes without NAME/],
    [['renew', 'bakend'], 2, /did you mean "backend"\?/],
    [['rekey', 'mdm'], 1, /"mdm" was made by "issue" or "sign-csr"\n.*trustme-pki issue/],
    [['renew', 'device'], 1, /the key of device is not in the directory\n.*sign-csr device_subca REQUEST --again/],
  ];
  for (const [words, status, message] of cases) {
    const ended = await pki.run(...words);
    assert.is(ended.status, status, ended.stderr);
    assert.match(ended.stderr, message);
  }
  mkdirSync(join(folder, 'conf'));
  writeFileSync(join(folder, 'conf/defaults.ini'), '[subject]\norganizationName = Another\n');
  const foreign = await pki.run('renew', 'backend', '--conf', 'conf');
  assert.match(
    foreign.stderr,
    /backend is ".*OSS Release.*", and by the configuration it would be ".*Another.*"\n.*--conf/,
  );
  const secret = await program(['renew', 'backend', '--dir', 'wrong'], { GYROIDOS_TEST_PASSWD_PKI: 'not-it' });
  assert.is(secret.status, 1);
  assert.match(secret.stderr, /the passphrase is wrong/);
  rmSync(join(pki.path, 'user_subca.key'));
  await pki.succeed('revoke', 'backend_subca');
  assert.match((await pki.run('renew', 'backend')).stderr, /backend_subca was revoked by gen_rootca/);
  assert.equal(
    snapshot(),
    before.filter(line => !line.startsWith('user_subca.key')),
  );
});

function request(): string {
  const words = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', 'device.key'];
  tool('openssl', ['req', '-new', ...words, '-subj', '/CN=device', '-out', 'device.csr'], folder);
  return 'device.csr';
}

test.run();
