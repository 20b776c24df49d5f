// The offline ceremony: request on one machine, sign on another, import; rehearsals with keys that are thrown away.

import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatEntry, formatSignature } from '../../scripts/lib/model/protocol.ts';
import { protocolDigest, replaceProtocol } from '../../scripts/lib/store/protocol.ts';
import { cleanEnvironment, isMissing, leftovers, MAIN, scratch, start, tool } from '../helpers/door.ts';
import { killAt } from '../helpers/killed.ts';
import { programIn } from '../helpers/program.ts';
import { keySection, labels, makeToken, PIN, softhsm } from '../helpers/token.ts';

const test = suite('ceremony');
const folder = scratch();
const hasToken = !isMissing('softhsm2-util') && !isMissing('pkcs11-tool');
const reach: NodeJS.ProcessEnv = hasToken ? { ...softhsm(folder), TRUSTME_PKCS11_PIN: PIN } : {};
const EC = ['--key-type', 'ec:prime256v1'];

const { run, succeed, refused } = programIn(folder, reach);
const sound = async (dir: string, ...words: string[]) => {
  const { status, stdout } = await run('verify', dir, ...words);
  assert.is(status, 0, stdout);
};
const path = (...names: string[]) => join(folder, ...names);
const write = (file: string, text: string) => {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), text);
};
const read = (...names: string[]) => readFileSync(path(...names), 'utf8');
const spoken = (file: string) =>
  tool('openssl', ['x509', '-in', file, '-noout', '-fingerprint', '-sha256'], folder)
    .trim()
    .split('=')[1]!
    .replaceAll(':', '')
    .replace(/.{4}(?!$)/g, '$& ');

/** A PKI whose root keys are away, and the machine with them. */
function split(name: string): [online: string, offline: string] {
  for (const half of ['online', 'offline']) cpSync(path('base'), path(`${name}-${half}`), { recursive: true });
  for (const root of ['gen_rootca', 'ssig_rootca']) rmSync(path(`${name}-online`, `${root}.key`));
  return [`${name}-online`, `${name}-offline`];
}

test.before(async () => {
  await succeed('generate', '--dir', 'base', ...EC, '--platform-keys', '--quiet');
});

test('a sub CA of an offline root: same key, request, signature, import; all print the same fingerprints', async () => {
  const [online, offline] = split('same');
  mkdirSync(path('stick'));
  const said = await succeed('request', 'device_subca', '--dir', online, '--output-dir', 'stick');
  const key = /key +SHA-256 ([0-9A-F ]+)$/m.exec(said)![1]!;
  const words = read('stick/device_subca.request.txt');
  assert.match(words, new RegExp(`^key: +SHA-256 ${key}$`, 'm'));
  assert.match(words, /^ {2}basicConstraints = critical, CA:TRUE$/m);
  assert.match(words, /^ {2}trustme-pki sign-csr gen_rootca device_subca\.csr --same-key --again$/m);
  const { stderr } = await run('sign-csr', 'gen_rootca', 'stick/device_subca.csr', '--dir', offline, '--same-key');
  assert.match(stderr, new RegExp(`key +SHA-256 ${key}`));
  assert.match(stderr, new RegExp(`certificate SHA-256 ${spoken('stick/device_subca.cert')}`));
  const before = read(online, 'device_subca.key');
  const imported = await succeed('import', 'device_subca', 'stick/device_subca.cert', '--dir', online);
  assert.match(imported, new RegExp(`certificate SHA-256 ${spoken('stick/device_subca.cert')}\n +key +SHA-256 ${key}`));
  assert.is(spoken(`${online}/device_subca.cert`), spoken('stick/device_subca.cert'));
  assert.is(read(online, 'device_subca.key'), before);
  const chain = ['-x509_strict', '-CAfile', 'gen_rootca.cert', 'device_subca.cert'];
  tool('openssl', ['verify', ...chain], path(online));
  await Promise.all([sound(online), sound(offline)]);
  assert.not.ok(existsSync(path(online, 'device_subca.csr')) || existsSync(path(online, '.pki/requests/device_subca')));
  const again = await succeed('import', 'device_subca', 'stick/device_subca.cert', '--dir', online);
  assert.match(again, /it was there already/);
  // What it issues now is verified with the new certificate.
  await succeed('issue', 'device_subca', 'unit-1', '--dir', online);
  await sound(online);
});

test('a sub CA with an emailAddress in its subject keeps it through the ceremony', async () => {
  write('mail/customer/device_subca.ini', '[subject]\nemailAddress = pki@example.org\n');
  const own = ['--dir', 'mail-pki', '--conf', 'mail'];
  await succeed('generate', ...own, ...EC, '--quiet');
  await succeed('request', 'device_subca', ...own, '--output-dir', 'mail');
  await succeed('sign-csr', 'gen_rootca', 'mail/device_subca.csr', '--dir', 'mail-pki', '--same-key', '--again');
  await succeed('import', 'device_subca', 'mail/device_subca.cert', ...own);
  assert.match(tool('openssl', ['x509', '-in', 'mail-pki/device_subca.cert', '-noout', '-subject'], folder), /pki@/);
  await sound('mail-pki');
});

test('a request asks for the names that its CA takes over: what the command makes is what was asked for', async () => {
  const [online, offline] = split('names');
  rmSync(path(online, 'backend_subca.key'));
  write('names-conf/customer/backend.ini', '[certificate]\nsubjectAltName = critical, DNS:a.example, IP:::1\n');
  await succeed('request', 'backend', '--dir', online, '--conf', 'names-conf', '--output-dir', '.');
  const command = /^ {2}trustme-pki (sign-csr .*)$/m.exec(read('backend.request.txt'))![1]!;
  await succeed(...command.split(' '), '--dir', offline);
  await succeed('import', 'backend', 'backend.cert', '--dir', online, '--conf', 'names-conf');
  assert.match(
    tool('openssl', ['x509', '-in', path(online, 'backend.cert'), '-noout', '-ext', 'subjectAltName'], folder),
    /critical\s+DNS:a\.example, IP Address:0:0:0:0:0:0:0:1/,
  );
  // Names that no CA takes over are not asked for: a profile would have to give them.
  write('names-conf/customer/backend.ini', '[certificate]\nsubjectAltName = UPN:a@b\n');
  await succeed('request', 'backend', '--dir', online, '--conf', 'names-conf', '--output-dir', '.');
  assert.match(read('backend.request.txt'), /^No profile of backend_subca gives/m);
  assert.match(
    tool('openssl', ['req', '-in', 'backend.csr', '-noout', '-text'], folder),
    /Requested Extensions:\n {4}\S/,
  );
});

test('a request for a key that is there refuses another type or brand than it has', async () => {
  const [online] = split('as-there');
  const words = ['request', 'user_subca', '--dir', online, '--output-dir', 'as-there-out'];
  mkdirSync(path('as-there-out'));
  const wrong = async (reason: RegExp, ...more: string[]) => {
    const { status, stderr } = await run(...words, ...more);
    assert.is(status, 2);
    assert.match(stderr, reason);
    assert.not.ok(existsSync(path(online, '.pki/requests/user_subca')));
  };
  await wrong(
    /the key of user_subca is ec:prime256v1, and --key-type "rsa:3072" is given\n.*hint: .* --rekey/,
    ...['--key-type', 'rsa:3072'],
  );
  await wrong(/has the brand "trustme", and --brand "Acme" is given/, '--brand', 'Acme');
  await succeed(...words, '--brand', 'trustme', ...EC);
});

test('what is asked for names the profile that gives it, and a sub CA that signs certificates alone is made by it', async () => {
  const [online, offline] = split('profile');
  await succeed('request', 'ssig_subca_cml', '--dir', online, '--output-dir', '.');
  const command = /^ {2}trustme-pki (sign-csr .*)$/m.exec(read('ssig_subca_cml.request.txt'))![1]!;
  assert.is(command, 'sign-csr ssig_rootca ssig_subca_cml.csr --profile ca --same-key --again');
  await succeed(...command.split(' '), '--dir', offline);
  await succeed('import', 'ssig_subca_cml', 'ssig_subca_cml.cert', '--dir', online, '--cascade');
  await sound(online);
  // No shipped profile is that of ocsp_server: what it would have to be is said.
  rmSync(path(online, 'backend_subca.key'));
  await succeed('request', 'ocsp_server', '--dir', online, '--output-dir', '.');
  assert.match(
    read('ocsp_server.request.txt'),
    /^No profile of backend_subca gives [\s\S]* --profile NAME --conf FOLDER --same-key --again$/m,
  );
  await succeed('sign-csr', 'backend_subca', 'ocsp_server.csr', '--dir', offline, '--same-key');
  await refused(
    /is not what was asked for[\s\S]*right profile: trustme-pki sign-csr backend_subca ocsp_server\.csr --profile NAME/,
    ...['import', 'ocsp_server', 'ocsp_server.cert', '--dir', online],
  );
});

test('a sub CA is renewed again and again by the command that its request names, whose octets are those of the one before', async () => {
  write('conf-rsa/defaults.ini', 'key-type = ec:prime256v1\n');
  write('conf-rsa/software-signing/ssig_subca.ini', 'key-type = rsa:2048\n');
  await succeed('generate', '--dir', 'alike', '--conf', 'conf-rsa', '--quiet');
  const whole = ['--dir', 'alike', '--conf', 'conf-rsa'];
  const serials = new Set<string>();
  for (const round of ['round-1', 'round-2']) {
    mkdirSync(path(round));
    await succeed('request', 'ssig_subca', ...whole, '--output-dir', round);
    const command = /^ {2}trustme-pki (sign-csr .*)$/m.exec(read(round, 'ssig_subca.request.txt'))![1]!;
    const words = command.replace('ssig_subca.csr', `${round}/ssig_subca.csr`).split(' ');
    assert.match(await succeed(...words, ...whole), /^1 signed/m);
    const imported = await succeed('import', 'ssig_subca', `${round}/ssig_subca.cert`, ...whole, '--cascade');
    assert.not.match(imported, /it was there already/);
    serials.add(tool('openssl', ['x509', '-in', 'alike/ssig_subca.cert', '-noout', '-serial'], folder));
  }
  assert.is(serials.size, 2);
  assert.is(read('round-1/ssig_subca.csr'), read('round-2/ssig_subca.csr'));
  await sound('alike', '--conf', 'conf-rsa');
});

test('a new key: chains, exports, UEFI lists and what is below follow, and the old key is kept', async () => {
  const [online, offline] = split('new');
  await succeed('request', 'ssig_subca', '--rekey', '--dir', online);
  assert.is(statSync(path(online, '.pki/requests/ssig_subca/key')).mode & 0o777, 0o600);
  await sound(online);
  await succeed('sign-csr', 'ssig_rootca', `${online}/ssig_subca.csr`, '--dir', offline, '--output-dir', '.');
  const words = ['import', 'ssig_subca', 'ssig_subca.cert', '--dir', online];
  await refused(/makes worthless: ssig[\s\S]*--cascade/, ...words);
  await succeed(...words, '--cascade');
  await sound(online);
  assert.is(spoken(`${online}/ssig_subca.cert`), spoken('ssig_subca.cert'));
  assert.ok(readdirSync(path(online, '.pki/retired/ssig_subca')).some(name => name.endsWith('.key')));
  assert.ok(existsSync(path(online, 'DB.append.auth')));
});

test('import --cascade renews what issue made below, says what is left, and does what a run that was stopped left', async () => {
  const [online, offline] = split('below');
  const dir = ['--dir', online];
  mkdirSync(path('below-out'));
  await succeed('issue', 'device_subca', 'unit-1', ...dir);
  await succeed('issue', 'device_subca', 'unit-2', ...dir);
  write('below.csr', tool('openssl', ['req', '-new', '-key', path(online, 'unit-1.key'), '-subj', '/CN=x'], folder));
  await succeed('sign-csr', 'device_subca', 'below.csr', '--same-key', ...dir);
  await succeed('request', 'device_subca', '--rekey', ...dir);
  await succeed('sign-csr', 'gen_rootca', `${online}/device_subca.csr`, '--dir', offline, '--output-dir', 'below-out');
  const old = ['unit-1', 'unit-2'].map(stem => read(online, `${stem}.cert`));
  const words = ['import', 'device_subca', 'below-out/device_subca.cert', ...dir];
  await refused(/makes worthless: unit-1, unit-2\n.*--cascade/, ...words);
  const said = await succeed(...words, '--cascade');
  assert.match(said, /^changed: .*device_subca\.cert.*unit-1\.cert, unit-2\.cert$/m);
  assert.match(said, /^device_subca: 1 valid certificates of requests; .*sign-csr --again$/m);
  const isByNewKey = (stem: string) =>
    tool(
      'openssl',
      ['verify', '-no-CAfile', '-partial_chain', '-trusted', 'device_subca.cert', `${stem}.cert`],
      path(online),
    );
  for (const stem of ['unit-1', 'unit-2']) isByNewKey(stem);
  await sound(online);
  // As a run leaves it that was stopped between the two.
  writeFileSync(path(online, 'unit-2.cert'), old[1]!);
  assert.match(await succeed(...words), /it was there already\n$/);
  const { renewed } = JSON.parse(await succeed(...words, '--cascade', '--json'));
  assert.equal(
    renewed.map(({ name }: { name: string }) => name),
    ['unit-2'],
  );
  isByNewKey('unit-2');
  assert.match(await succeed(...words, '--cascade'), /it was there already\n$/);
  await sound(online);
});

test('the protocol is readable, signed, and a change of it is found', async () => {
  const [online, offline] = split('told');
  await succeed('request', 'user_subca', '--dir', online);
  await succeed(
    'sign-csr',
    'gen_rootca',
    `${online}/user_subca.csr`,
    '--dir',
    offline,
    '--same-key',
    '--output-dir',
    '.',
  );
  await succeed('import', 'user_subca', 'user_subca.cert', '--dir', online);
  const text = read(online, '.pki/protocol.txt');
  assert.equal(
    [...text.matchAll(/^step: (\w+)\nentity: (\w+)$/gm)].map(([, step, entity]) => [step, entity]),
    [
      ['request', 'user_subca'],
      ['import', 'user_subca'],
    ],
  );
  assert.match(read(offline, '.pki/protocol.txt'), /^step: sign\nentity: gen_rootca\nsubject: .*User Sub CA$/m);
  // A signature of it by openssl alone.
  const entry = /^== step 1 ==\n[\s\S]*?^public key: (.*)\n/m.exec(text)!;
  write('entry', entry[0]);
  write('key.pem', `-----BEGIN PUBLIC KEY-----\n${entry[1]!.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`);
  const signature = /^signature: (.*)$/m.exec(text)![1]!;
  writeFileSync(path('signature'), Buffer.from(signature, 'base64'));
  const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature', 'entry'];
  assert.match(tool('openssl', args, folder), /Verified OK/);
  writeFileSync(path(online, '.pki/protocol.txt'), text.replace(/valid until: 2/, 'valid until: 3'));
  const { status, stdout } = await run('verify', online);
  assert.is(status, 1);
  assert.match(stdout, /protocol\.txt: step 2 was changed, or what is before it \[protocol-broken\]/);
});

test('a protocol that was written anew with the key of another entity is told', async () => {
  const [online] = split('forged');
  await succeed('request', 'device_subca', '--dir', online, '--output-dir', '.');
  await sound(online);
  for (const [key, isTold] of [
    ['device_subca', false],
    ['ssig_subca', true],
  ] as const) {
    const secret = createPrivateKey({ key: read(online, `${key}.key`), passphrase: 'test1234' });
    const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
    const values = [
      ['step', 'request'],
      ['entity', 'device_subca'],
    ] as const;
    const entry = formatEntry(1, values, protocolDigest(''), spki);
    replaceProtocol(path(online), entry + formatSignature(sign('sha256', Buffer.from(entry), secret)));
    const { stdout } = await run('verify', online);
    assert.is(/protocol\.txt: step 1 was changed.* \[protocol-broken\]/.test(stdout), isTold, stdout);
  }
});

test('a protocol whose last steps are cut off, or that is gone, is told, and no step is added to it', async () => {
  const [online] = split('cut');
  const [protocol, digest] = [`${online}/.pki/protocol.txt`, `${online}/.pki/protocol.sha256`];
  const ask = (name: string) => succeed('request', name, '--dir', online, '--output-dir', '.');
  await ask('device_subca');
  const [first, firstDigest] = [read(protocol), read(digest)];
  await ask('user_subca');
  const [both, bothDigest] = [read(protocol), read(digest)];
  tool('sha256sum', ['-c', '--quiet', 'protocol.sha256'], path(online, '.pki'));
  await sound(online);
  for (const cut of [first, undefined]) {
    if (cut === undefined) rmSync(path(protocol));
    else write(protocol, cut);
    assert.match(
      (await run('verify', online)).stdout,
      cut === undefined
        ? /protocol\.txt: .*not there.* \[protocol-broken\]/
        : /it has lost steps at its end.* \[protocol-broken\]/,
    );
    const lost =
      /is no protocol: by "\.pki\/protocol\.sha256", it has lost steps[\s\S]*or move it away, and "\.pki\/protocol\.sha256" with it/;
    await refused(lost, 'request', 'guestos_subca', '--dir', online);
  }
  // Killed before it wrote the digest, or before the digests there are now.
  for (const left of [firstDigest, undefined]) {
    write(protocol, both);
    if (left === undefined) rmSync(path(digest));
    else write(digest, left);
    await sound(online);
  }
  await ask('guestos_subca');
  assert.not.ok([firstDigest, bothDigest].includes(read(digest)));
  await sound(online);
});

test('a protocol that is none is told before anything is signed or made; certificates that get no entry are signed', async () => {
  const [online, offline] = split('damaged');
  await succeed('request', 'device_subca', '--dir', online, '--output-dir', '.');
  for (const name of ['damaged-out', 'damaged-again', 'damaged-ocsp']) mkdirSync(path(name));
  const request = ['sign-csr', 'gen_rootca', 'device_subca.csr', '--same-key', '--dir', offline, '--output-dir'];
  await succeed(...request, 'damaged-out');
  const certificate = 'damaged-out/device_subca.cert';
  for (const dir of [online, offline]) write(`${dir}/.pki/protocol.txt`, 'half');
  const before = [read(offline, '.pki/gen_rootca/index.txt'), read(online, 'device_subca.cert')];
  const isNone =
    /^trustme-pki: error: ".*\.pki\/protocol\.txt" is no protocol: it does not begin with a step\n.*a copy on paper.*\n$/;
  await refused(isNone, ...request, 'damaged-again', '--again');
  await refused(isNone, 'request', 'user_subca', '--dir', online);
  await refused(isNone, 'import', 'device_subca', certificate, '--dir', online);
  assert.equal([read(offline, '.pki/gen_rootca/index.txt'), read(online, 'device_subca.cert')], before);
  assert.not.ok(existsSync(path('damaged-again/device_subca.cert')));
  assert.not.ok(existsSync(path(online, '.pki/requests/user_subca')));
  await succeed(...request, 'damaged-ocsp', '--again', '--profile', 'ocsp');
  await succeed('request', 'backend', '--dir', 'damaged-fresh', ...EC);
  write('damaged-fresh/.pki/protocol.txt', 'half');
  await refused(isNone, 'import', 'backend', certificate, '--dir', 'damaged-fresh');
});

test('a request that is damaged is told, and not taken for a change of the protocol; its copy mends it', async () => {
  const [online] = split('empty-request');
  const words = ['request', 'backend_subca', '--rekey', '--dir', online];
  await succeed(...words);
  const request = '.pki/requests/backend_subca/request.csr';
  write(`${online}/${request}`, '');
  const isDamaged =
    /^trustme-pki: error: ".*request\.csr" is damaged: it is no certification request.*\n.*put backend_subca\.csr that was sent/;
  await refused(isDamaged, ...words);
  await refused(isDamaged, 'import', 'backend_subca', 'base/backend_subca.cert', '--dir', online);
  const { findings } = JSON.parse((await run('verify', online, '--json')).stdout) as { findings: { code: string }[] };
  assert.equal(
    findings.map(({ code }) => code),
    ['request-unreadable'],
  );
  cpSync(path(online, 'backend_subca.csr'), path(online, request));
  await sound(online);
});

test('what request was told of a new PKI is not taken from a damaged file', async () => {
  await succeed('request', 'backend', '--dir', 'damaged-options', ...EC);
  const whole = { schema: 1, hasPlatformKeys: false };
  for (const options of [null, { schema: 1 }, { ...whole, keyType: 5 }, { ...whole, brand: 7 }]) {
    write('damaged-options/.pki/requests/options.json', JSON.stringify(options));
    await refused(
      /options\.json" cannot be read\n.*begin again/,
      ...['import', 'backend', 'base/backend.cert', '--dir', 'damaged-options'],
    );
  }
});

test('request replaces requests of earlier runs, and nothing else', async () => {
  const [online] = split('others');
  mkdirSync(path('others-out'));
  const words = ['request', 'user_subca', '--dir', online, '--output-dir', 'others-out'];
  const names = ['others-out', online].flatMap(dir => [`${dir}/user_subca.csr`, `${dir}/user_subca.request.txt`]);
  tool(
    'openssl',
    [
      'req',
      '-new',
      '-newkey',
      'ed25519',
      '-noenc',
      '-keyout',
      'own.key',
      '-subj',
      '/CN=own',
      '-out',
      'own.csr',
      '-config',
      '/etc/ssl/openssl.cnf',
    ],
    folder,
  );
  for (const name of names)
    for (const text of ['precious', read('own.csr')]) {
      write(name, text);
      await refused(
        /^trustme-pki: error: ".*user_subca\.(csr|request\.txt)" was made by no request of user_subca/,
        ...words,
      );
      assert.is(read(name), text);
      assert.not.ok(existsSync(path(online, '.pki/requests/user_subca')));
      rmSync(path(name));
    }
  await succeed(...words);
  const first = read('others-out/user_subca.csr');
  rmSync(path(online, '.pki/requests/user_subca'), { recursive: true });
  await succeed(...words, '--rekey');
  assert.is.not(read('others-out/user_subca.csr'), first);
  assert.is(read('others-out/user_subca.request.txt'), read(online, 'user_subca.request.txt'));
});

test('the same request again does what a run that was stopped left: outputs and entries of the protocol', async () => {
  const [online] = split('stopped');
  mkdirSync(path('stick2'));
  const words = ['request', 'device_subca', 'user_subca', '--rekey', '--dir', online, '--output-dir', 'stick2'];
  const env = cleanEnvironment({ TMPDIR: '/nonexistent' });
  const stopped = await start(process.execPath, [MAIN, ...words], { cwd: folder, env }).ended;
  assert.is(stopped.status, 1);
  assert.match(stopped.stderr, /the requests wait in ".*stopped-online": the same command again does what is missing/);
  const key = read(online, '.pki/requests/device_subca/key');
  // Another command is not that one.
  await refused(/a request of device_subca waits/, 'request', 'device_subca', '--dir', online);
  await refused(/a request of user_subca waits/, 'request', 'backend', 'user_subca', '--rekey', '--dir', online);
  await succeed(...words);
  assert.is(read(online, '.pki/requests/device_subca/key'), key);
  assert.is(read('stick2/device_subca.csr'), read(online, '.pki/requests/device_subca/request.csr'));
  assert.is(read('stick2/user_subca.request.txt'), read(online, 'user_subca.request.txt'));
  rmSync(path('stick2/user_subca.csr'));
  await succeed(...words);
  assert.is(read(online, '.pki/protocol.txt').match(/^step: request$/gm)?.length, 2);
  await refused(/a request of device_subca waits/, ...words);
});

test('a certificate that this directory has revoked is not taken', async () => {
  const [online] = split('revoked');
  mkdirSync(path('revoked-out'));
  cpSync(path('base/gen_rootca.key'), path(online, 'gen_rootca.key'));
  await succeed('request', 'device_subca', '--rekey', '--dir', online);
  const signing = ['sign-csr', 'gen_rootca', `${online}/device_subca.csr`, '--dir', online];
  await succeed(...signing, '--output-dir', 'revoked-out');
  const file = 'revoked-out/device_subca.cert';
  await succeed('revoke', file, '--reason', 'keyCompromise', '--dir', online);
  const before = read(online, 'device_subca.cert');
  await refused(/was revoked by gen_rootca \(keyCompromise\)/, 'import', 'device_subca', file, '--dir', online);
  assert.is(read(online, 'device_subca.cert'), before);
});

test('a certificate below a CA that is revoked is not taken, by whichever list that is known', async () => {
  const [online, offline] = split('below-revoked');
  mkdirSync(path('below-revoked-out'));
  await succeed('request', 'backend', '--rekey', '--dir', online, '--output-dir', 'below-revoked-out');
  const signing = ['sign-csr', 'backend_subca', 'below-revoked-out/backend.csr', '--dir', offline];
  await succeed(...signing, '--output-dir', 'below-revoked-out');
  const words = ['import', 'backend', 'below-revoked-out/backend.cert', '--dir', online];
  const before = read(online, 'backend.cert');
  const crl = () => succeed('crl', 'gen_rootca', '--dir', offline, '--output-dir', online);
  await succeed('revoke', 'backend_subca', '--reason', 'certificateHold', '--dir', offline);
  await crl();
  await refused(/backend_subca was revoked by gen_rootca \(certificateHold\)/, ...words);
  assert.is(read(online, 'backend.cert'), before);
  await succeed('revoke', 'backend_subca', '--reason', 'removeFromCRL', '--dir', offline);
  await crl();
  await succeed(...words);
});

test('what a CA issued whose key is elsewhere is revoked there: nothing is written here, no database is built', async () => {
  const [online] = split('keyless');
  const dir = ['--dir', online];
  const key = /the key of gen_rootca is not in the directory\n.*hint: sign, revoke and make lists where that key is/;
  const index = read(online, '.pki/backend_subca/index.txt');
  await refused(key, 'revoke', 'backend', 'user_subca', ...dir);
  assert.is(read(online, '.pki/backend_subca/index.txt'), index);
  rmSync(path(online, '.pki/gen_rootca'), { recursive: true });
  for (const words of [
    ['revoke', 'user_subca'],
    ['crl', 'gen_rootca'],
    ['sign-csr', 'gen_rootca', 'base/ssig.cert'],
  ])
    await refused(key, ...words, ...dir);
  assert.not.ok(existsSync(path(online, '.pki/gen_rootca/index.txt')));
  await refused(
    /gen_rootca has no database.*\n.*the directory with the key of gen_rootca/,
    'list',
    'gen_rootca',
    ...dir,
  );
});

test('the list of an offline root in the online directory: no fault of it, and what it revokes is obeyed', async () => {
  const [online, offline] = split('listed');
  await succeed('crl', 'gen_rootca', '--dir', offline, '--output-dir', online);
  await sound(online);
  await succeed('revoke', 'user_subca', 'backend_subca', '--dir', offline);
  await succeed('crl', 'gen_rootca', '--dir', offline, '--output-dir', online);
  const findings = async () => {
    const { stdout } = await run('verify', online);
    return stdout.match(/^(error|warning) .*/gm)?.map(line => line.replace(/^error +/, '')) ?? [];
  };
  const told = ['backend_subca.cert', 'user_subca.cert'].map(
    file => `${file}: it is revoked in "gen_rootca.crl", and still there [revoked-published]`,
  );
  assert.equal(await findings(), told);
  const issuing = ['issue', 'user_subca', 'u2', '--dir', online];
  await refused(/user_subca was revoked by gen_rootca \(unspecified\)/, ...issuing);
  // A database that is older than the list hinders no import.
  await succeed('request', 'user_subca', '--rekey', '--dir', online, '--output-dir', '.');
  await succeed('sign-csr', 'gen_rootca', 'user_subca.csr', '--dir', offline, '--output-dir', 'listed-offline/.pki');
  const certificate = 'listed-offline/.pki/user_subca.cert';
  await succeed('import', 'user_subca', certificate, '--dir', online);
  assert.equal(await findings(), told.slice(0, 1));
  await succeed(...issuing);
  // An online directory that never had a database of the root.
  rmSync(path(online, '.pki/gen_rootca'), { recursive: true });
  assert.equal(await findings(), told.slice(0, 1));
  await refused(/backend_subca was revoked by gen_rootca/, 'issue', 'backend_subca', 'b1', '--dir', online);
  // One that nobody signed is no list.
  const list = Buffer.from(read(online, 'gen_rootca.crl').replace(/-----.*-----/g, ''), 'base64');
  list[list.length - 1]! ^= 1;
  writeFileSync(path(online, 'gen_rootca.crl'), list);
  assert.equal(await findings(), [
    'gen_rootca.crl: no key that "gen_rootca.cert" has or had signed it [crl-refused]',
    'gen_rootca.crl.der: it is another list than "gen_rootca.crl" [crl-mismatch]',
  ]);
  await succeed('issue', 'backend_subca', 'b1', '--dir', online);
});

test('a certificate that is not what was asked for is refused, and nothing changes', async () => {
  const [online, offline] = split('wrong');
  await succeed('request', 'backend_subca', '--dir', online, '--output-dir', '.');
  const before = read(online, 'backend_subca.cert');
  await succeed('sign-csr', 'gen_rootca', 'backend_subca.csr', '--dir', offline, '--profile', 'ocsp', '--same-key');
  const words = (file: string, ...more: string[]) => ['import', 'backend_subca', file, '--dir', online, ...more];
  await refused(
    /not what was asked for: basicConstraints is "critical, CA:FALSE"[\s\S]*--accept-differences/,
    ...words('backend_subca.cert'),
  );
  await refused(/for another key than that of backend_subca/, ...words('base/user_subca.cert'));
  await refused(/holds no certificate/, ...words('backend_subca.csr'));
  await refused(/is not there/, ...words('nothing.cert'));
  await succeed('generate', '--dir', 'stranger', ...EC, '--quiet');
  await succeed('sign-csr', 'gen_rootca', 'backend_subca.csr', '--dir', 'stranger', '--output-dir', 'stranger/.pki');
  await refused(
    /was not issued by gen_rootca as this directory knows it/,
    ...words('stranger/.pki/backend_subca.cert'),
  );
  assert.is(read(online, 'backend_subca.cert'), before);
  await refused(/a request of backend_subca waits/, 'request', 'backend_subca', '--dir', online);
  await refused(/gen_rootca signs itself/, 'request', 'gen_rootca', '--dir', online);
  await refused(/did you mean "device_subca"/, 'request', 'device_subcaa', '--dir', online);
  await refused(/ENTITY is missing/, 'request', '--dir', online);
  await refused(/CERT is missing/, 'import', 'backend_subca', '--dir', online);
  await sound(online);
  assert.equal(leftovers(folder), []);
});

test('what a certificate says is told in one line, on the terminal and in the protocol, where it is entered once', async () => {
  const [online] = split('lines');
  await succeed('request', 'user_subca', '--dir', online);
  write('lines.cnf', 'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n');
  const args = ['-req', '-in', path(online, 'user_subca.csr'), '-days', '300', '-extfile', 'lines.cnf'];
  const signer = ['-CA', 'base/gen_rootca.cert', '-CAkey', 'base/gen_rootca.key', '-passin', 'pass:test1234'];
  const subject = '/O=Own\n== step 9 ==\nkey: x\x1b[31m/CN=user';
  tool('openssl', ['x509', ...args, ...signer, '-subj', subject, '-out', 'lines.cert'], folder);
  const line = String.raw`subject is "organizationName=Own\u000a== step 9 ==\u000akey: x\u001b[31m, commonName=user"`;
  const words = ['import', 'user_subca', 'lines.cert', '--dir', online];
  const { stderr } = await run(...words);
  assert.ok(stderr.startsWith(`trustme-pki: error: "lines.cert" is not what was asked for: ${line}, `), stderr);
  for (const _ of ['first', 'again'])
    assert.ok((await succeed(...words, '--accept-differences')).includes(`\n  not as asked for: ${line}, `));
  const protocol = read(online, '.pki/protocol.txt');
  assert.is(protocol.split(`\nnot as asked for: ${line}, `).length, 2);
  assert.is(protocol.match(/^== step/gm)?.length, 2);
  assert.not.match((await run('verify', online)).stdout, /protocol/);
});

test('a step that was stopped before its entry gets it by the same command again, and no step two', async () => {
  const [online, offline] = split('entry');
  mkdirSync(path('stick3'));
  await succeed('request', 'device_subca', '--dir', online, '--output-dir', 'stick3');
  const sign = ['sign-csr', 'gen_rootca', 'stick3/device_subca.csr', '--dir', offline, '--same-key'];
  await succeed(...sign);
  const certificate = spoken('stick3/device_subca.cert');
  const requested = ['protocol.txt', 'protocol.sha256'].map(name => [name, read(online, '.pki', name)] as const);
  const take = ['import', 'device_subca', 'stick3/device_subca.cert', '--dir', online];
  await succeed(...take);
  const entries = (dir: string, step: string) =>
    read(dir, '.pki/protocol.txt').match(
      new RegExp(`^step: ${step}\n(.+\n){1,2}?certificate: SHA-256 ${certificate}$`, 'gm'),
    );
  for (const [name, text] of requested) {
    rmSync(path(offline, '.pki', name));
    write(`${online}/.pki/${name}`, text);
  }
  for (const _ of ['stopped', 'done']) {
    const { stdout, stderr } = await run(...sign);
    assert.match(stdout, /already signed/);
    assert.match(stderr, new RegExp(`certificate SHA-256 ${certificate}`));
    assert.match(await succeed(...take), /it was there already/);
    assert.is(entries(offline, 'sign')?.length, 1);
    assert.is(entries(online, 'import')?.length, 1);
  }
  await Promise.all([sound(online), sound(offline)]);
});

test('where the root is in the same directory, its database has what is imported once', async () => {
  cpSync(path('base'), path('whole'), { recursive: true });
  const whole = ['--dir', 'whole'];
  await succeed('request', 'device_subca', ...whole);
  await succeed('sign-csr', 'gen_rootca', 'whole/device_subca.csr', '--same-key', '--output-dir', '.', ...whole);
  await succeed('import', 'device_subca', 'device_subca.cert', ...whole);
  const serials = read('whole/.pki/gen_rootca/index.txt').match(/\t[0-9A-F]+\tunknown\t/g)!;
  assert.is(new Set(serials).size, serials.length);
  await sound('whole');
});

/** A root that is alone, and the configuration of the PKI that has its certificate. */
async function offlineRoot(): Promise<void> {
  const others: Readonly<Record<string, readonly string[]>> = {
    customer: ['guestos_subca', 'device_subca', 'user_subca', 'backend_subca', 'backend', 'ocsp_server'],
    'software-signing': ['ssig_rootca', 'ssig_subca', 'ssig_subca_cml', 'ssig', 'ssig_cml'],
    'secure-boot': ['PK', 'KEK', 'DB'],
  };
  for (const [group, stems] of Object.entries(others))
    for (const stem of stems) write(`conf-root/${group}/${stem}.ini`, 'remove = yes\n');
  if (hasToken) {
    makeToken('root', reach);
    write('conf-root/customer/gen_rootca.ini', keySection('root', 'gen_rootca'));
  }
  await succeed('generate', '--conf', 'conf-root', '--dir', 'root', ...EC, '--rehearse', '--generate-token-keys');
  write('conf-online/customer/gen_rootca.ini', 'certificate-file = gen_rootca.cert\n');
  cpSync(path('root/gen_rootca.cert'), path('conf-online/customer/gen_rootca.cert'));
}

test('an offline root from the beginning: requests begin the PKI, the last certificate completes it', async () => {
  await offlineRoot();
  const SUB_CAS = ['guestos_subca', 'device_subca', 'user_subca', 'backend_subca'];
  const conf = ['--conf', 'conf-online', '--dir', 'fresh'];
  await refused(/a CA whose key is here[\s\S]*trustme-pki request ENTITY/, 'generate', ...conf, ...EC);
  await succeed('request', ...SUB_CAS, ...conf, ...EC, '--platform-keys', '--rehearse');
  const waiting = await run('verify', 'fresh');
  assert.match(waiting.stdout, /it waits for certificates: backend_subca, device_subca, guestos_subca, user_subca/);
  await refused(/waits for the certificates of/, 'generate', ...conf);
  mkdirSync(path('returned'));
  const requests = SUB_CAS.map(stem => `fresh/${stem}.csr`);
  const signed = await succeed(
    'sign-csr',
    'gen_rootca',
    ...requests,
    '--dir',
    'root',
    '--conf',
    'conf-root',
    '--output-dir',
    'returned',
  );
  assert.match(signed, /^4 signed/m);
  for (const stem of [...SUB_CAS.slice(1), 'device_subca'])
    assert.match(await succeed('import', stem, `returned/${stem}.cert`, ...conf), /^waiting for: .*guestos_subca/m);
  assert.is(read('fresh/.pki/protocol.txt').match(/^step: import$/gm)?.length, 3);
  assert.not.ok(existsSync(path('fresh/device_subca.cert')));
  // Killed between the last import and what it has made: whoever generates then need not know what request was told.
  cpSync(path('fresh'), path('killed'), { recursive: true });
  cpSync(path('returned/guestos_subca.cert'), path('killed/.pki/requests/guestos_subca/certificate.pem'));
  await succeed('generate', '--conf', 'conf-online', '--dir', 'killed', '--quiet');
  await sound('killed');
  assert.match(tool('openssl', ['x509', '-in', 'killed/ssig_rootca.cert', '-noout', '-text'], folder), /prime256v1/);
  assert.ok(existsSync(path('killed/DB.auth')));
  cpSync(path('fresh'), path('last'), { recursive: true });
  assert.match(
    await succeed('import', 'guestos_subca', 'returned/guestos_subca.cert', ...conf, '--rehearse'),
    /PKI generated in/,
  );
  await sound('fresh');
  await sound('root', '--conf', 'conf-root');
  assert.ok(existsSync(path('fresh/DB.auth')) && existsSync(path('fresh/backend.cert')));
  assert.not.ok(existsSync(path('fresh/gen_rootca.key')) || existsSync(path('fresh/.pki/requests')));
  const chain = ['-x509_strict', '-CAfile', path('root/gen_rootca.cert'), '-untrusted', 'backend.cert', 'backend.cert'];
  tool('openssl', ['verify', ...chain], path('fresh'));
  for (const stem of SUB_CAS) assert.is(statSync(path('fresh', `${stem}.key`)).mode & 0o777, 0o600);
  await succeed('issue', 'user_subca', 'alice', ...conf);
  await succeed('renew', 'backend', ...conf);
  await sound('fresh');
});

// In the middle of the moves, of what is removed then, and at the end of that.
for (const [call, which, next] of [
  ['rename', 20, 'generate'],
  ['rename', 20, 'import'],
  // By its own path, or, since Node.js 23, from its folder.
  ['unlink,unlinkat', ['.pki/requests/device_subca/key', '.pki/requests/device_subca'], 'import'],
  ['unlink', ['.pki/journal.json'], 'generate'],
] as const)
  test(`the last import, killed at ${call} ${[which].flat()[0]}: the next ${next} goes on with the keys that it made`, async () => {
    if (isMissing('strace')) return;
    cpSync(path('last'), path('killed-last'), { recursive: true });
    const conf = ['--conf', 'conf-online', '--dir', 'killed-last'];
    const last = ['import', 'guestos_subca', 'returned/guestos_subca.cert', ...conf];
    const at = typeof which === 'number' ? which : which.map(file => `killed-last/${file}`);
    await killAt(call, at, folder, ...last);
    const [staged = ''] = leftovers(folder);
    const made = [staged, 'killed-last'].map(where => path(where, 'ssig_rootca.key')).find(existsSync)!;
    const key = readFileSync(made, 'utf8');
    const said = await succeed(...(next === 'import' ? last : ['generate', ...conf]));
    assert.match(said, next === 'import' ? /it was there already/ : /already generated/);
    assert.is(read('killed-last/ssig_rootca.key'), key);
    for (const file of ['.pki/requests', '.pki/journal.json', 'device_subca.csr'])
      assert.not.ok(existsSync(path('killed-last', file)), file);
    await sound('killed-last');
    assert.equal(leftovers(folder), []);
    rmSync(path('killed-last'), { recursive: true });
  });

test('a later request of a PKI that is not there yet is for what the first was told, and another value is refused', async () => {
  const request = (...words: string[]) => ['request', ...words, '--dir', 'later'];
  await succeed(...request('device_subca', ...EC, '--brand', 'ACME'));
  await succeed(...request('backend_subca'));
  const text = read('later/backend_subca.request.txt');
  assert.match(text, /^ +ec:prime256v1$/m);
  assert.match(text, /^subject: .*ACME/m);
  const other = /was begun with --key-type "ec:prime256v1", and "ec:secp384r1" is given\n.*leave --key-type out/;
  await refused(other, ...request('user_subca', '--key-type', 'ec:secp384r1'));
  await refused(/was begun without --platform-keys/, ...request('user_subca', '--platform-keys'));
  assert.not.ok(existsSync(path('later/.pki/requests/user_subca')));
  await succeed(...request('user_subca', ...EC));
});

test('plan --diff compares a directory whose root is elsewhere: it makes nothing', async () => {
  write('conf-diff/customer/gen_rootca.ini', 'certificate-file = gen_rootca.cert\n');
  cpSync(path('base/gen_rootca.cert'), path('conf-diff/customer/gen_rootca.cert'));
  const words = ['plan', '--conf', 'conf-diff', '--dir', 'base', ...EC];
  assert.match(await succeed(...words, '--diff'), /^base is as configured$/m);
  await refused(/expected a CA whose key is here/, ...words);
});

test('the last import behind a link, where --release is given, completes the directory itself', async () => {
  cpSync(path('last'), path('behind/last'), { recursive: true });
  symlinkSync('behind/last', path('last-link'));
  const last = [
    'import',
    'guestos_subca',
    'returned/guestos_subca.cert',
    '--conf',
    'conf-online',
    '--dir',
    'last-link',
  ];
  await refused(/is a symbolic link: a release PKI/, ...last);
  assert.not.ok(existsSync(path('behind/last/.pki/requests/guestos_subca/certificate.pem')));
  assert.match(await succeed(...last, '--release'), /PKI generated in/);
  await sound('last-link');
  assert.equal(
    readdirSync(folder).filter(name => name.startsWith('last-link')),
    ['last-link'],
  );
});

test('request behind a link: refused first; with --release as all others do it, and finished by the real path', async () => {
  cpSync(path('base'), path('behind/release'), { recursive: true });
  symlinkSync('behind/release', path('release-link'));
  const words = ['request', 'device_subca', '--rekey', '--dir', 'release-link'];
  const isLink = /^trustme-pki: error: "[^"]*release-link" is a symbolic link: a release PKI.*\n.*--release/;
  for (const more of [[], ['--rehearse']]) await refused(isLink, ...words, ...more);
  symlinkSync('nowhere', path('dangling'));
  await refused(/dangling symbolic link/, 'request', 'device_subca', '--dir', 'dangling', '--release');
  if (isMissing('strace')) return;
  await killAt('openat', ['behind/release/.pki/journal.json'], folder, ...words, '--release');
  const [staged] = leftovers(path('behind'));
  assert.match(staged!, /^release\.staging\./);
  assert.not.ok(existsSync(path('release-link.genlock')), 'the lock is that of the directory');
  const { status, stderr } = await run('generate', '--dir', 'release-link');
  assert.is(status, 1);
  const works = `trustme-pki generate --dir ${realpathSync(path('behind/release'))}`;
  assert.ok(stderr.includes(`hint: ${works}, run by its owner, finishes it`), stderr);
  assert.equal(leftovers(path('behind')), [staged]);
  const verified = await run('verify', 'release-link', '--json');
  const findings: { code: string; hint: string }[] = JSON.parse(verified.stdout).findings;
  assert.is(findings.find(({ code }) => code === 'interrupted')?.hint, `${works} finishes it`);
  await succeed('generate', '--dir', realpathSync(path('behind/release')));
  assert.ok(existsSync(path('behind/release/.pki/requests/device_subca/key')));
  assert.equal(leftovers(path('behind')), []);
  await succeed('generate', '--dir', 'release-link');
});

test('generate --rehearse: what would not be sound is not made, and the token signs nothing', async () => {
  write('conf-bad/customer/gen_rootca.ini', '[certificate]\nnameConstraints = "critical, permitted;DNS:example.org"\n');
  if (hasToken) {
    makeToken('bad', reach);
    const sections = '[certificate]\nnameConstraints = "critical, permitted;DNS:example.org"\n';
    write('conf-bad/customer/gen_rootca.ini', `${keySection('bad', 'gen_rootca')}${sections}`);
  }
  const words = ['generate', '--conf', 'conf-bad', '--dir', 'bad', ...EC, '--generate-token-keys', '--rehearse'];
  await refused(/the rehearsal failed, nothing was made: [\s\S]*backend\.cert/, ...words);
  assert.not.ok(existsSync(path('bad')));
  if (hasToken) assert.equal(labels('bad', reach), []);
  assert.equal(leftovers(folder), []);
});

test('a request for a key whose passphrase is not set, and one in a folder that is not there, are refused first', async () => {
  write('conf-own/customer/device_subca.ini', 'passphrase-env = OWN_PASSPHRASE\n');
  const words = ['--conf', 'conf-own', '--dir', 'unset', ...EC];
  await refused(/needs a passphrase[\s\S]*export OWN_PASSPHRASE/, 'request', 'device_subca', ...words);
  assert.not.ok(existsSync(path('unset')));
  await refused(/the directory of .* does not exist/, 'request', 'user_subca', '--dir', 'no/where', ...EC);
  mkdirSync(path('empty'));
  await succeed('request', 'user_subca', '--dir', 'empty', ...EC);
  assert.match((await run('verify', 'empty')).stdout, /it waits for certificates: user_subca/);
});

test('import --rehearse holds the certificate against the one that was rehearsed', async () => {
  const [online, offline] = split('rehearsed');
  await succeed('request', 'guestos_subca', '--dir', online, '--rehearse', '--output-dir', '.');
  await succeed(
    'sign-csr',
    'gen_rootca',
    'guestos_subca.csr',
    '--dir',
    offline,
    '--same-key',
    '--days',
    '100',
    '--output-dir',
    'stick',
  );
  const words = ['import', 'guestos_subca', 'stick/guestos_subca.cert', '--dir', online];
  await refused(/not what was rehearsed[\s\S]*guestos_subca: days is 100, rehearsed was 2190/, ...words, '--rehearse');
  await succeed(...words);
});

test.run();
