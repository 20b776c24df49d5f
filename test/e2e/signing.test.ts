// issue and sign-csr: requests as devices make them, by the hundred, refused ones, kills, and what goes wrong.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
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
import { SUBJECT_ATTRIBUTES } from '../../scripts/lib/model/subject.ts';
import { describeCertificate } from '../../scripts/lib/store/certificate-facts.ts';
import { type Element, elementsOf, firstElement } from '../../scripts/lib/store/der-element.ts';
import { describeRequest } from '../../scripts/lib/store/request-facts.ts';
import { cleanEnvironment, isMissing, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { commonName, oddRequest, otherValue, tlv } from '../helpers/odd-request.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('signing');
const folder = scratch();
const base = join(folder, 'base');
const requests = join(folder, 'requests');
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  runProgram(words, folder, cleanEnvironment(extra));
const openssl = (...args: string[]) => tool('openssl', args, folder);
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', '/dev/null'];
const COUNT = 120;

function request(file: string, subject: string, extensions: readonly string[] = [], key: readonly string[] = EC): void {
  const added = extensions.flatMap(extension => ['-addext', extension]);
  const config = join(folder, 'empty.cnf');
  writeFileSync(config, '[req]\ndistinguished_name = dn\n[dn]\n[x]\nCN = other\n');
  openssl('req', '-new', '-config', config, '-utf8', ...key, '-subj', subject, ...added, '-out', file);
}

test.before(async () => {
  const { status, stderr } = await program(['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--quiet']);
  assert.is(status, 0, stderr);
  mkdirSync(requests);
  for (let i = 0; i < COUNT; i++)
    request(join(requests, `d${i}.csr`), `/O=Maker/CN=device ${i}`, [`subjectAltName=URI:UUID:${i}`]);
});

test('what openssl reads of a request and of a chain is what counts: blanks at the ends of lines, the old label', async () => {
  const pki = copyOf('blanks');
  const asked = join(pki.requests, 'd0.csr');
  writeFileSync(asked, readFileSync(asked, 'latin1').replaceAll('\n', ' \n'));
  const chain = join(pki.path, 'device_subca.cert');
  const [own, ...rest] = readFileSync(chain, 'latin1').match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g)!;
  const odd = rest.map(block =>
    block.replaceAll(' CERTIFICATE-----', ' X509 CERTIFICATE-----').replace('-----\n', '----- \n'),
  );
  writeFileSync(chain, [own, ...odd].join(''));
  const { status, stderr } = await pki.run('sign-csr', 'device_subca', asked);
  assert.is(status, 0, stderr);
  const made = readFileSync(asked.replace(/csr$/, 'cert'), 'latin1');
  assert.is(made.match(/^-----BEGIN CERTIFICATE-----$/gm)?.length, 2 + rest.length);
  await pki.run('rekey', 'gen_rootca', '--cascade');
  const renewed = readFileSync(chain, 'latin1');
  assert.is(renewed.match(/^-----BEGIN CERTIFICATE-----$/gm)?.length, 1 + rest.length);
});

function copyOf(name: string) {
  cpSync(base, join(folder, name), { recursive: true });
  cpSync(requests, join(folder, `${name}-csr`), { recursive: true });
  return {
    path: join(folder, name),
    requests: join(folder, `${name}-csr`),
    index: (ca: string) =>
      readFileSync(join(folder, name, `.pki/${ca}/index.txt`), 'latin1')
        .split('\n')
        .filter(Boolean),
    run: (...words: string[]) => program([...words, '--dir', name]),
  };
}

const verifies = (pki: string, ca: string, file: string): string =>
  tool(
    'openssl',
    ['verify', '-x509_strict', '-CAfile', 'gen_rootca.cert', '-untrusted', `${ca}.cert`, file],
    join(folder, pki),
  );

test('a link that leads nowhere in the place of a result is there: it stays, and nothing is signed', async () => {
  const pki = copyOf('dangling');
  const out = join(folder, 'dangling-out');
  mkdirSync(out);
  for (const name of ['laptop.key', 'phone.cert', 'd1.cert']) symlinkSync('nowhere', join(out, name));
  const rows = pki.index('user_subca').length;
  for (const name of ['laptop', 'phone']) {
    const { status, stderr } = await pki.run('issue', 'user_subca', name, '--output-dir', out);
    assert.is(status, 1);
    assert.match(stderr, /is there: nothing is overwritten/);
  }
  const one = join(pki.requests, 'd1.csr');
  const sign = ['sign-csr', 'user_subca', one, '--output-dir', out];
  assert.match((await pki.run(...sign)).stdout, /is there: nothing is overwritten/);
  assert.is(pki.index('user_subca').length, rows);
  const elsewhere = await pki.run(...sign.slice(0, 3), '--output-dir', join(folder, 'dangling-csr'));
  assert.is(elsewhere.status, 0, elsewhere.stderr);
  assert.match((await pki.run(...sign)).stdout, /is there and holds something else/);
  assert.equal(readdirSync(out).sort(), ['d1.cert', 'laptop.key', 'phone.cert']);
});

test('requests as devices make them are signed with the usages of the CA, and their names', async () => {
  const pki = copyOf('devices');
  const asked = [
    'subjectAltName=URI:UUID:1b4e28ba-2fa1-11d2-883f-0016d3cca427',
    'keyUsage=keyCertSign',
    'extendedKeyUsage=clientAuth',
  ];
  const rsa = ['-newkey', 'rsa:3072', '-noenc', '-keyout', '/dev/null'];
  request(join(folder, 'cml.csr'), '/C=DE/O=Maker/CN=device', asked, rsa);
  request(join(folder, 'pss.csr'), '/CN=pss', asked, [
    '-newkey',
    'rsa-pss',
    '-pkeyopt',
    'rsa_keygen_bits:2048',
    '-noenc',
    '-keyout',
    '/dev/null',
  ]);
  request(
    join(folder, 'ed.csr'),
    '/CN=Müller+serialNumber=7',
    [],
    ['-newkey', 'ed25519', '-noenc', '-keyout', '/dev/null'],
  );
  openssl('req', '-in', 'ed.csr', '-outform', 'DER', '-out', 'ed.der');
  const { status, stdout, stderr } = await pki.run(
    'sign-csr',
    'device_subca',
    'cml.csr',
    'pss.csr',
    'ed.der',
    '--days',
    '9',
  );
  assert.is(status, 0, stdout + stderr);
  const text = openssl('x509', '-in', 'cml.cert', '-noout', '-text');
  assert.match(text, /Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment\n/);
  assert.match(text, /TLS Web Client Authentication\n/);
  assert.match(text, /URI:UUID:1b4e28ba/);
  assert.match(text, /C ?= ?DE, O ?= ?Maker, CN ?= ?device/);
  assert.not.match(openssl('x509', '-in', 'pss.cert', '-noout', '-ext', 'keyUsage'), /Encipherment/);
  assert.match(
    openssl('x509', '-in', 'ed.cert', '-noout', '-subject', '-nameopt', 'utf8,sep_comma_plus'),
    /serialNumber=7\+CN=Müller|CN=Müller\+serialNumber=7/,
  );
  for (const name of ['cml', 'pss', 'ed'])
    assert.match(verifies('devices', 'device_subca', join(folder, `${name}.cert`)), /OK/);
  assert.is(readFileSync(join(folder, 'cml.cert'), 'utf8').split('BEGIN CERTIFICATE').length - 1, 3);
  // A profile without extendedKeyUsage gives none, whatever is asked for.
  const user = await pki.run('sign-csr', 'user_subca', 'cml.csr', '--output-dir', pki.requests, '--leaf-only');
  assert.is(user.status, 0, user.stdout);
  assert.not.match(openssl('x509', '-in', join(pki.requests, 'cml.cert'), '-noout', '-text'), /Extended Key Usage/);
  assert.is((await program(['verify', 'devices'])).status, 0);
});

/** A value that each attribute of a subject may have. */
const sampleOf = (name: string): string =>
  /[cC]ountryName$/.test(name) ? 'DE' : name === 'emailAddress' ? 'a@b.org' : 'x';

test('each attribute of a subject comes through, in order, whether typed or requested', async () => {
  const pki = copyOf('attributes');
  // As versions before wrote it.
  const file = join(pki.path, '.pki/device_subca.cnf');
  const configuration = readFileSync(file, 'utf8');
  assert.match(configuration, /^email_in_dn = yes$/m);
  writeFileSync(file, configuration.replace(/^email_in_dn = yes$/m, 'email_in_dn = no'));
  const subject = [...SUBJECT_ATTRIBUTES].reverse().map(name => ({ name, value: sampleOf(name) }));
  const typed = subject.map(({ name, value }) => `${name}=${value}`);
  const issued = await pki.run('issue', 'user_subca', 'all', '--subject', typed.join(', '));
  assert.is(issued.status, 0, issued.stderr);
  const described = (path: string) => describeCertificate(new X509Certificate(readFileSync(path)).raw).subject;
  assert.equal(described(join(pki.path, 'all.cert')), subject);
  request(join(folder, 'all.csr'), `/${typed.join('/')}/emailAddress=c@d.org+UID=own`);
  const asked = describeRequest(readFileSync(join(folder, 'all.csr'))).subject;
  assert.is(asked.length, subject.length + 2);
  const signed = await pki.run('sign-csr', 'device_subca', 'all.csr');
  assert.is(signed.status, 0, signed.stderr);
  assert.equal(described(join(folder, 'all.cert')), asked);
});

test('a profile may have a beginning of its own, which is no clock that jumped', async () => {
  const pki = copyOf('beginning');
  const conf = join(folder, 'beginning-conf/customer');
  mkdirSync(conf, { recursive: true });
  const year = new Date().getUTCFullYear();
  const dates = `notBefore = ${year}-01-01\nnotAfter = ${year + 2}-12-31`;
  writeFileSync(join(conf, 'device_subca.ini'), `[issued]\n${dates}\ndays =\n`);
  const { status, stderr } = await pki.run('sign-csr', 'device_subca', pki.requests, '--conf', 'beginning-conf');
  assert.is(status, 0, stderr);
  const certificate = new X509Certificate(readFileSync(join(pki.requests, 'd0.cert')));
  assert.is(Date.parse(certificate.validFrom), Date.UTC(year, 0, 1));
});

test('names are taken over by the profiles that say so, and by no other of their CA', async () => {
  const conf = join(folder, 'copying-conf/customer');
  mkdirSync(conf, { recursive: true });
  const named = '[issued named]\ndays = 30\nbasicConstraints = critical, CA:FALSE\ncopy = subjectAltName\n';
  writeFileSync(join(conf, 'user_subca.ini'), `[issued]\ncopy =\n${named}`);
  const words = ['--dir', 'copying', '--key-type', 'ec:prime256v1', '--quiet'];
  const generated = await program(['generate', ...words, '--conf', 'copying-conf']);
  assert.is(generated.status, 0, generated.stderr);
  const asked = join(folder, 'named.csr');
  request(asked, '/CN=named', ['subjectAltName=DNS:named.example.org,URI:urn:named']);
  const sign = (...more: string[]) =>
    program(['sign-csr', ...more, asked, '--dir', 'copying', '--again', '--same-key']);
  for (const profile of [['backend_subca', '--profile', 'ocsp'], ['user_subca'], ['user_subca', '--profile', 'ocsp']]) {
    const { status, stdout, stderr } = await sign(...profile);
    assert.is(status, 1, stderr);
    assert.match(stdout, /it asks for subjectAltName, which this profile does not take over/);
  }
  for (const profile of [['backend_subca'], ['user_subca', '--profile', 'named']]) {
    const { status, stderr } = await sign(...profile);
    assert.is(status, 0, stderr);
    const { subjectAltName } = new X509Certificate(readFileSync(join(folder, 'named.cert')));
    rmSync(join(folder, 'named.cert'));
    assert.is(subjectAltName, 'DNS:named.example.org, URI:urn:named');
  }
});

test('each profile has its own validity, and none is longer than that of the CA', async () => {
  const conf = join(folder, 'validity-conf/customer');
  mkdirSync(conf, { recursive: true });
  const year = new Date().getUTCFullYear();
  const profile = (name: string, lines: string) =>
    `[issued ${name}]\n${lines}\nbasicConstraints = critical, CA:FALSE\n`;
  const own = [
    `[issued]\ndays =\nnotBefore = ${year}-01-01\nnotAfter = ${year + 1}-12-31`,
    profile('brief', 'days = 30'),
    profile('dated', `notAfter = ${year + 2}-12-31`),
    profile('endless', `days = 2189`),
    profile('future', `notBefore = ${year + 2}-01-01\ndays = 30`),
  ];
  writeFileSync(join(conf, 'user_subca.ini'), own.join('\n'));
  const words = ['--dir', 'validity', '--key-type', 'ec:prime256v1', '--quiet'];
  assert.is((await program(['generate', ...words, '--conf', 'validity-conf'])).status, 0);
  const made = async (name: string, ...more: string[]) => {
    const ended = await program(['issue', 'user_subca', name, ...more, '--dir', 'validity']);
    assert.is(ended.status, 0, ended.stderr);
    return new X509Certificate(readFileSync(join(folder, 'validity', `${name}.cert`)));
  };
  const days = ({ validFrom, validTo }: X509Certificate) => (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
  assert.is(Date.parse((await made('usual')).validTo), Date.UTC(year + 1, 11, 31));
  assert.is(days(await made('brief', '--profile', 'brief')), 30);
  assert.is(days(await made('briefer', '--profile', 'brief', '--days', '3')), 3);
  const dated = await made('dated', '--profile', 'dated');
  assert.is(Date.parse(dated.validTo), Date.UTC(year + 2, 11, 31));
  assert.ok(Date.now() - Date.parse(dated.validFrom) < 60_000, 'not the beginning of the default profile');
  assert.is(Math.ceil((Date.parse((await made('short', '--days', '3')).validTo) - Date.now()) / 86_400_000), 3);
  assert.is(Math.round(days(await made('endless', '--profile', 'endless'))), 2189);
  for (const [name, count, ...more] of [
    ['future', 30],
    ['later', 5, '--days', '5'],
  ] as const) {
    const future = await made(name, '--profile', 'future', ...more);
    assert.is(Date.parse(future.validFrom), Date.UTC(year + 2, 0, 1));
    assert.is(days(future), count);
  }
  // Years later, the CA has less left than its profile gives.
  if (isMissing('faketime')) return;
  const late = (...more: string[]) =>
    start(
      'faketime',
      ['-f', '+2000d', process.execPath, MAIN, 'issue', 'backend_subca', ...more, '--dir', 'validity'],
      {
        cwd: folder,
        env: cleanEnvironment(),
      },
    ).ended;
  const issuer = new X509Certificate(readFileSync(join(folder, 'validity/backend_subca.cert')));
  assert.is((await late('clipped')).status, 0);
  assert.is(new X509Certificate(readFileSync(join(folder, 'validity/clipped.cert'))).validTo, issuer.validTo);
  const long = await late('long', '--days', '1095');
  assert.is(long.status, 2, long.stdout);
  assert.match(long.stderr, /--days 1095 is longer than backend_subca lasts.*\n.*give at most --days 189$/m);
  assert.not(existsSync(join(folder, 'validity/long.key')));
  const over = await start(
    'faketime',
    ['-f', '+1800d', process.execPath, MAIN, 'issue', 'user_subca', 'over', '--dir', 'validity'],
    { cwd: folder, env: cleanEnvironment() },
  ).ended;
  assert.is(over.status, 1);
  assert.match(over.stderr, /user_subca: the validity of this profile ended/);
});

test('where results cannot be written nothing is signed', async () => {
  const pki = copyOf('unwritable');
  const before = pki.index('device_subca');
  const long = 'n'.repeat(250);
  cpSync(join(requests, 'd0.csr'), join(pki.requests, `${long}.csr`));
  const cases: [words: string[], message: RegExp][] = [
    [['issue', 'device_subca', 'mdm', '--output-dir', '/proc'], /"mdm\.cert" cannot be written to "\/proc": /],
    [
      ['issue', 'device_subca', long, '--subject', 'CN=x'],
      /"n+\.cert" cannot be .*unwritable": the name is too long \(ENAMETOOLONG\)/,
    ],
    [
      ['sign-csr', 'device_subca', pki.requests],
      /"n+\.cert" cannot be .*unwritable-csr": the name is too long \(ENAMETOOLONG\)/,
    ],
    [['sign-csr', 'device_subca', requests, '--output-dir', '/proc'], /cannot be written to "\/proc": /],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = await pki.run(...words);
    assert.is(status, 1, stderr);
    assert.match(stderr, message);
  }
  assert.equal(pki.index('device_subca'), before);
  // Another file system takes a key, too.
  const other = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/trustme-pki-test-') : folder;
  const { status, stderr } = await pki.run('issue', 'device_subca', 'mdm', '--output-dir', other);
  assert.is(status, 0, stderr);
  assert.is(statSync(join(other, 'mdm.key')).mode & 0o777, 0o600);
  if (other !== folder) rmSync(other, { recursive: true });
});

test('what cannot be issued is told as a mistake of the command line', async () => {
  copyOf('mistaken');
  const cases: [words: string[], message: RegExp][] = [
    [['mdm', '--key-type', 'ec:foo'], /unknown curve "foo"/],
    [['mdm', '--key-type', 'x25519'], /unknown key type "x25519"/],
    [['mdm', '--key-type', 'rsa:1024'], /1024 bits are too weak.*\n.*hint: give rsa:2048 or more$/m],
    [['mdm', '--key-type', 'ec:secp112r1'], /112 bits is too weak.*\n.*hint: give ec:prime256v1 or ec:secp384r1$/m],
    [['mdm', '--san', 'UPN:a@b'], /--san "UPN:a@b" is no name/],
    [['PK'], /"PK" is an entity of the configuration/],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = await program(['issue', 'device_subca', ...words, '--dir', 'mistaken']);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test('names that the CA may not certify are refused before anything is entered', async () => {
  const conf = join(ROOT, 'docs/recipes/name-constraints');
  const words = ['--dir', 'constrained', '--key-type', 'ec:prime256v1', '--conf', conf, '--quiet'];
  assert.is((await program(['generate', ...words])).status, 0);
  const index = join(folder, 'constrained/.pki/backend_subca/index.txt');
  const before = readFileSync(index, 'latin1');
  for (const name of ['DNS:evil.com', 'IP:192.0.2.1']) {
    const ended = await program(['issue', 'backend_subca', 'evil', '--san', name, '--dir', 'constrained']);
    assert.is(ended.status, 1, ended.stdout);
    assert.match(ended.stderr, /names break name constraints of backend_subca or a CA above: (permitted|excluded)/);
  }
  assert.is(readFileSync(index, 'latin1'), before);
  mkdirSync(join(folder, 'named'));
  for (const host of ['a.example.org', 'evil.com', 'b.example.org'])
    request(join(folder, `named/${host}.csr`), `/CN=${host}`, [`subjectAltName=DNS:${host}`]);
  const { status, stdout } = await program(['sign-csr', 'backend_subca', 'named', '--dir', 'constrained']);
  assert.is(status, 1);
  assert.match(stdout, /evil\.com\.csr: refused: its names break name constraints/);
  assert.match(stdout, /2 signed, 0 already signed, 1 refused/);
  const quiet = await program(['sign-csr', 'backend_subca', 'named', '--dir', 'constrained', '--quiet']);
  assert.equal([quiet.status, quiet.stdout], [1, '']);
  assert.match(quiet.stderr, /^trustme-pki: error: named\/evil\.com\.csr: its names .*\n$/);
  assert.is((await program(['verify', 'constrained'])).status, 0);
});

test('purposes that the certificate of a CA does not allow are given to nothing, whatever the profile says', async () => {
  mkdirSync(join(folder, 'uses-conf/customer'), { recursive: true });
  const usage = 'extendedKeyUsage = serverAuth';
  writeFileSync(join(folder, 'uses-conf/customer/device_subca.ini'), `[certificate]\n${usage}\n[issued]\n${usage}\n`);
  const words = ['--dir', 'uses', '--key-type', 'ec:prime256v1', '--quiet'];
  assert.is((await program(['generate', ...words, '--conf', 'uses-conf'])).status, 0);
  mkdirSync(join(folder, 'uses-later/customer'), { recursive: true });
  writeFileSync(join(folder, 'uses-later/customer/device_subca.ini'), '[issued]\nextendedKeyUsage = clientAuth\n');
  const at = ['--dir', 'uses', '--conf', 'uses-later'];
  request(join(folder, 'uses.csr'), '/CN=uses');
  for (const run of [
    ['issue', 'device_subca', 'x1'],
    ['sign-csr', 'device_subca', 'uses.csr'],
  ]) {
    const { status, stdout, stderr } = await program([...run, ...at]);
    assert.is(status, 1, stdout);
    assert.match(stderr, /extendedKeyUsage of device_subca allows no clientAuth below/);
  }
  assert.not.ok(existsSync(join(folder, 'uses/x1.key')));
  assert.is((await program(['issue', 'device_subca', 'x1', '--dir', 'uses'])).status, 0);
  assert.is((await program(['verify', 'uses'])).status, 0);
});

test('hosts of URIs are constrained as readers find them, not as openssl does', async () => {
  const constraints = 'nameConstraints = "critical, permitted;URI:.example.org"';
  mkdirSync(join(folder, 'hosts-conf/customer'), { recursive: true });
  writeFileSync(join(folder, 'hosts-conf/customer/device_subca.ini'), `[certificate]\n${constraints}\n`);
  const words = ['--dir', 'hosts', '--key-type', 'ec:prime256v1', '--conf', 'hosts-conf', '--quiet'];
  assert.is((await program(['generate', ...words])).status, 0);
  const index = join(folder, 'hosts/.pki/device_subca/index.txt');
  const before = readFileSync(index, 'latin1');
  for (const uri of [
    'https://evil.com#.example.org',
    'https://evil.com?@a.example.org/',
    'https://a.example.org:x@evil.com/',
    'https://evil.com\\.example.org/',
    'https://evil.com/.example.org',
  ]) {
    const ended = await program(['issue', 'device_subca', 'evil', '--san', `URI:${uri}`, '--dir', 'hosts']);
    assert.is(ended.status, 1, `${uri}: ${ended.stdout}`);
    assert.match(ended.stderr, /names break name constraints of device_subca or a CA above: /);
  }
  assert.is(readFileSync(index, 'latin1'), before);
  request(join(folder, 'hosts-evil.csr'), '/CN=evil', ['subjectAltName=URI:https://evil.com?.example.org']);
  const signed = await program(['sign-csr', 'device_subca', 'hosts-evil.csr', '--dir', 'hosts']);
  // openssl 3.5 finds another host in it than 3.0, and refuses it itself.
  const isNew = !/^OpenSSL 3\.0\./.test(tool('openssl', ['version']));
  const reason = isNew ? /permitted subtree violation/ : /has no host that all readers find alike/;
  assert.match(signed.stdout + signed.stderr, reason);
  for (const [name, uri] of ['https://A.example.org:8443/x?y#z', 'ldap://a.example.org/dc=x'].entries()) {
    const ended = await program(['issue', 'device_subca', `good${name}`, '--san', `URI:${uri}`, '--dir', 'hosts']);
    assert.is(ended.status, 0, `${uri}: ${ended.stderr}`);
  }
});

test('a folder of requests: bad ones stop no other, and a second run signs nothing twice', async () => {
  const pki = copyOf('bulk');
  const bad: [name: string, text: string | (() => void), reason: RegExp][] = [
    [
      'weak',
      () =>
        request(join(pki.requests, 'weak.csr'), '/CN=x', [], ['-newkey', 'rsa:1024', '-noenc', '-keyout', '/dev/null']),
      /1024 bits/,
    ],
    [
      'authority',
      () => request(join(pki.requests, 'authority.csr'), '/CN=x', ['basicConstraints=CA:TRUE']),
      /asks to be a CA/,
    ],
    [
      'policy',
      () => request(join(pki.requests, 'policy.csr'), '/CN=x', ['certificatePolicies=1.2.3']),
      /the extension certificatePolicies/,
    ],
    [
      'dirname',
      () => request(join(pki.requests, 'dirname.csr'), '/CN=x', ['subjectAltName=dirName:x']),
      /subjectAltName has dirName/,
    ],
    ['nameless', () => request(join(pki.requests, 'nameless.csr'), '/O=x'), /no commonName/],
    [
      'curve',
      () =>
        request(
          join(pki.requests, 'curve.csr'),
          '/CN=x',
          [],
          ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1', '-noenc', '-keyout', '/dev/null'],
        ),
      /curve secp224r1 is none of/,
    ],
    ['nothing', 'hello', /no certification request/],
    ['cut', readFileSync(join(pki.requests, 'd0.csr'), 'latin1').slice(0, 200), /no certification request/],
  ];
  for (const [name, make] of bad)
    if (typeof make === 'string') writeFileSync(join(pki.requests, `${name}.csr`), make);
    else make();
  // A changed subject, its signature as it was.
  const der = Buffer.from(
    readFileSync(join(pki.requests, 'd1.csr'), 'latin1')
      .split('\n')
      .filter(line => !line.startsWith('-'))
      .join(''),
    'base64',
  );
  const at = der.indexOf('device 1');
  writeFileSync(
    join(pki.requests, 'forged.der'),
    Buffer.concat([der.subarray(0, at), Buffer.from('device 9'), der.subarray(at + 8)]),
  );
  const { status, stdout } = await pki.run('sign-csr', 'device_subca', 'bulk-csr', '--json');
  assert.is(status, 1);
  const { results } = JSON.parse(stdout);
  const reasonOf = (name: string) =>
    results.find(({ given }: { given: string }) => given.startsWith(`bulk-csr/${name}.`)).reason;
  for (const [name, , reason] of bad) assert.match(reasonOf(name), reason);
  assert.match(reasonOf('forged'), /not by its own key|same key/);
  assert.is(results.filter(({ result }: { result: string }) => result === 'signed').length, COUNT);
  assert.is(pki.index('device_subca').length, COUNT);
  rmSync(join(pki.requests, 'd7.cert'));
  const again = await pki.run('sign-csr', 'device_subca', 'bulk-csr');
  assert.match(again.stdout, new RegExp(`0 signed, ${COUNT} already signed, ${bad.length + 1} refused`));
  assert.ok(existsSync(join(pki.requests, 'd7.cert')), 'handed out again');
  assert.is(pki.index('device_subca').length, COUNT);
  for (const file of readdirSync(pki.requests)
    .filter(name => name.endsWith('.cert'))
    .slice(0, 5))
    assert.match(verifies('bulk', 'device_subca', join(pki.requests, file)), /OK/);
});

test('requests that openssl cannot read stop no other', async () => {
  const pki = copyOf('unreadable');
  const place = join(folder, 'odd');
  mkdirSync(place);
  const time = otherValue('2b06010505070901', tlv(0x18, Buffer.from('19700101000000Z')));
  const longer = (usual: Buffer) => {
    const [type, key] = elementsOf(firstElement(usual)) as [Element, Element];
    return tlv(0x30, type.whole, tlv(0x03, key.content, Buffer.from([0])));
  };
  const odd: Record<string, [Parameters<typeof oddRequest>[0], RegExp]> = {
    encoding: [{ subject: [otherValue('550403', Buffer.from('0c0261ff', 'hex'))] }, /not in UTF-8/],
    type: [
      { subject: [otherValue('550403', tlv(0x1a, Buffer.from('a')))] },
      /openssl does not sign it: Unable to load certificate request: mstring wrong tag/,
    ],
    time: [{ subject: [commonName('a'), time] }, /mstring wrong tag/],
    key: [{ spki: longer }, /not by its own key/],
    good: [{}, /^$/],
  };
  for (const [name, [given]] of Object.entries(odd)) writeFileSync(join(place, `${name}.csr`), oddRequest(given));
  cpSync(join(requests, 'd0.csr'), join(place, 'd0.csr'));
  const { status, stdout, stderr } = await pki.run('sign-csr', 'device_subca', place, '--json');
  assert.is(status, 1, stderr);
  const { results } = JSON.parse(stdout) as { results: { given: string; reason?: string }[] };
  for (const [name, [, reason]] of Object.entries(odd))
    assert.match(results.find(({ given }) => given.endsWith(`/${name}.csr`))?.reason ?? '', reason, name);
  assert.is(pki.index('device_subca').length, 2);
});

test('what was signed before gets the chain of the certificate by which its CA signed it', async () => {
  const pki = copyOf('former');
  const sign = (output: string, ...words: string[]) => {
    mkdirSync(join(folder, output));
    return pki.run('sign-csr', 'device_subca', 'former-csr/d0.csr', '--output-dir', output, ...words);
  };
  await sign('former-0');
  const cascade = await pki.run('rekey', 'gen_rootca', 'device_subca', '--cascade');
  assert.is(cascade.status, 0, cascade.stderr);
  const old = await sign('former-1', 'former-csr/d1.csr');
  assert.match(old.stdout, /1 signed, 1 already signed, 0 refused/);
  assert.is(
    readFileSync(join(folder, 'former-1/d0.cert'), 'latin1'),
    readFileSync(join(folder, 'former-0/d0.cert'), 'latin1'),
  );
  assert.match(verifies('former', 'device_subca', join(folder, 'former-1/d1.cert')), /OK/);
  // Its key stays, and its certificate is named by number in what it signed.
  assert.is((await pki.run('renew', 'device_subca')).status, 0);
  await sign('former-2', 'former-csr/d1.csr');
  for (const name of ['d0', 'd1']) {
    const chain = join(folder, `former-2/${name}.cert`);
    assert.is(readFileSync(chain, 'latin1'), readFileSync(join(folder, `former-1/${name}.cert`), 'latin1'));
  }
  rmSync(join(pki.path, '.pki/retired/device_subca'), { recursive: true });
  const lost = await sign('former-3');
  assert.is(lost.status, 1);
  assert.match(lost.stdout, /d0\.csr: refused: the certificate of device_subca by which it was issued, .*--leaf-only/);
  assert.is((await sign('former-4', '--leaf-only')).status, 0);
});

test('a key gets one certificate, unless that is asked for; a compromised one none', async () => {
  const pki = copyOf('keys');
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', 'one.key');
  for (const name of ['one', 'two', 'three'])
    request(join(folder, `${name}.csr`), `/CN=${name}`, [], ['-key', 'one.key']);
  assert.is((await pki.run('sign-csr', 'device_subca', 'one.csr')).status, 0);
  const refused = await pki.run('sign-csr', 'device_subca', 'two.csr');
  assert.is(refused.status, 1);
  assert.match(
    refused.stdout,
    /two\.csr: refused: its key has a certificate: serial [0-9A-F]+ \(--same-key allows another\)/,
  );
  assert.is((await pki.run('sign-csr', 'device_subca', 'two.csr', '--same-key')).status, 0);
  assert.is((await pki.run('revoke', 'one.cert', '--reason', 'keyCompromise')).status, 0);
  const blocked = await pki.run('sign-csr', 'device_subca', 'three.csr', '--same-key');
  assert.match(blocked.stdout, /three\.csr: refused: its key was revoked as compromised/);
  // Nor is one handed out that it has.
  const had = await pki.run('sign-csr', 'device_subca', 'two.csr');
  assert.match(had.stdout, /two\.csr: refused: its key was revoked as compromised/);
});

test('a request that openssl refuses takes no place from another one with its key', async () => {
  const pki = copyOf('places');
  const file = join(pki.path, '.pki/device_subca.cnf');
  writeFileSync(file, readFileSync(file, 'utf8').replace('organizationName = optional', 'organizationName = supplied'));
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', 'places.key');
  mkdirSync(join(folder, 'places-in'));
  for (const [name, subject] of ['/CN=a', '/CN=b', '/O=Maker/CN=c', '/O=Maker/CN=d'].entries())
    request(join(folder, `places-in/${name}.csr`), subject, [], ['-key', 'places.key']);
  const { status, stdout } = await pki.run('sign-csr', 'device_subca', 'places-in', '--json');
  assert.is(status, 1);
  const told = JSON.parse(stdout).results.map(
    ({ result, reason }: { result: string; reason?: string }) => reason ?? result,
  );
  assert.match(told[0], /openssl does not sign it/);
  assert.match(told[1], /openssl does not sign it/);
  assert.is(told[2], 'signed');
  assert.match(told[3], /it has the same key as .*2\.csr/);
});

test('what was revoked, is on hold or has ended is not handed out again', async () => {
  const pki = copyOf('over');
  const key = join(folder, 'over.key');
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', key);
  for (const name of ['over', 'other']) request(join(folder, `${name}.csr`), `/CN=${name}`, [], ['-key', key]);
  const sign = async (status: number, said: RegExp, file: string, ...words: string[]) => {
    rmSync(join(folder, 'over-out'), { recursive: true, force: true });
    mkdirSync(join(folder, 'over-out'));
    const ended = await pki.run('sign-csr', 'device_subca', file, '--output-dir', 'over-out', ...words);
    assert.is(ended.status, status, ended.stdout + ended.stderr);
    assert.match(ended.stdout, said);
    return existsSync(join(folder, 'over-out/over.cert'));
  };
  const revoke = async (...words: string[]) => {
    const { status, stderr } = await pki.run('revoke', ...words);
    assert.is(status, 0, stderr);
  };
  const index = join(pki.path, '.pki/device_subca/index.txt');
  const serial = () => pki.index('device_subca').at(-1)!.split('\t')[3]!;
  assert.ok(await sign(0, /signed/, 'over.csr'));
  const first = serial();
  await revoke(first, '--reason', 'certificateHold');
  const held = new RegExp(
    `refused: its certificate ${first} is on hold: release it \\(revoke ${first} --reason removeF`,
  );
  assert.not(await sign(1, held, 'over.csr'));
  await sign(1, held, 'over.csr', '--again', '--same-key');
  await sign(1, held, 'other.csr', '--same-key');
  await revoke(first, '--reason', 'removeFromCRL');
  assert.ok(await sign(0, /already signed/, 'over.csr'));
  await revoke(first, '--reason', 'superseded');
  await sign(1, new RegExp(`its certificate ${first} was revoked \\(superseded\\): --again signs it anew`), 'over.csr');
  assert.is(pki.index('device_subca').length, 1);
  assert.ok(await sign(0, /signed/, 'over.csr', '--again'));
  const second = serial();
  assert.ok(await sign(0, /already signed/, 'over.csr'));
  assert.is(new X509Certificate(readFileSync(join(folder, 'over-out/over.cert'))).serialNumber, second);
  const rows = readFileSync(index, 'latin1');
  writeFileSync(index, rows.replace(/^V\t\d+Z/m, 'V\t200102030405Z'));
  const ended = new RegExp(`its certificate ${second} ended 2020-01-02T03:04:05Z: --again signs it anew`);
  assert.not(await sign(1, ended, 'over.csr'));
  await sign(0, /signed/, 'other.csr');
  await sign(1, /its key has a certificate/, 'over.csr', '--again');
  await revoke(serial(), '--reason', 'cessationOfOperation');
  assert.ok(await sign(0, /signed/, 'over.csr', '--again'));
  // The last certificate of a request tells, though one before it is valid.
  assert.ok(await sign(0, /signed/, 'over.csr', '--again'));
  await revoke(serial(), '--reason', 'superseded');
  assert.not(await sign(1, new RegExp(`certificate ${serial()} was revoked \\(superseded\\): --again`), 'over.csr'));
});

test('two runs on one CA at once wait for each other, and sign each request once', async () => {
  const pki = copyOf('together');
  const [one, two] = await Promise.all([
    pki.run('sign-csr', 'device_subca', 'together-csr'),
    pki.run('sign-csr', 'device_subca', 'together-csr'),
  ]);
  assert.equal([one.status, two.status], [0, 0], one.stderr + two.stderr);
  assert.is(pki.index('device_subca').length, COUNT);
});

test('issue of one name from two CAs at once makes one certificate, and refuses the other before it is signed', async () => {
  const pki = copyOf('one-name');
  const CAS = ['device_subca', 'backend_subca', 'user_subca'];
  const rows = () => CAS.flatMap(ca => pki.index(ca)).length;
  const before = rows();
  const ended = await Promise.all(CAS.map(ca => pki.run('issue', ca, 'twin')));
  const lost = ended.filter(({ status }) => status !== 0);
  assert.is(lost.length, 2, ended.map(({ stderr }) => stderr).join(''));
  for (const { status, stderr } of lost) {
    assert.is(status, 1);
    assert.match(stderr, /twin\.key" is there: nothing is overwritten/);
  }
  assert.is(rows(), before + 1);
  assert.equal(
    readdirSync(pki.path)
      .filter(name => name.includes('twin'))
      .sort(),
    ['twin.cert', 'twin.key'],
  );
  assert.is((await program(['verify', 'one-name'])).status, 0);
  // The file of the lock stays, and keeps nobody waiting.
  assert.is((await pki.run('issue', 'user_subca', 'third')).status, 0);
});

test('issue: key 0600, certificate with its chain, names, PKCS #12, an OCSP responder', async () => {
  const pki = copyOf('issued');
  const mdm = await pki.run('issue', 'backend_subca', 'mdm', '--san', 'DNS:mdm.example.org', '--san', 'IP:192.0.2.1');
  assert.is(mdm.status, 0, mdm.stderr);
  assert.is(statSync(join(pki.path, 'mdm.key')).mode & 0o777, 0o600);
  const text = tool('openssl', ['x509', '-in', 'mdm.cert', '-noout', '-text'], pki.path);
  assert.match(text, /DNS:mdm\.example\.org, IP Address:192\.0\.2\.1/);
  assert.match(text, /Subject: C ?= ?DE, O ?= ?OSS Release, OU ?= ?Development, CN ?= ?mdm\n/);
  assert.match(verifies('issued', 'backend_subca', 'mdm.cert'), /OK/);
  const again = await pki.run('issue', 'backend_subca', 'mdm');
  assert.is(again.status, 1);
  assert.match(again.stderr, /mdm\.key" is there: nothing is overwritten/);
  const alice = await program(
    [
      'issue',
      'user_subca',
      'alice',
      '--p12',
      '--password-env',
      'PW',
      '--key-type',
      'rsa:2048',
      '--subject',
      'C=DE, O=A\\, B, CN=Alice Müller',
      '--dir',
      'issued',
    ],
    { PW: 'geheim' },
  );
  assert.is(alice.status, 0, alice.stderr);
  assert.is(statSync(join(pki.path, 'alice.p12')).mode & 0o777, 0o600);
  assert.match(
    tool('openssl', ['pkcs12', '-in', 'alice.p12', '-passin', 'pass:geheim', '-nokeys'], pki.path),
    /Alice|M\\C3\\BCller/,
  );
  assert.match(
    tool('openssl', ['x509', '-in', 'alice.cert', '-noout', '-subject', '-nameopt', 'utf8'], pki.path),
    /O=A, B, CN=Alice Müller/,
  );
  assert.is(
    (await pki.run('issue', 'device_subca', 'responder', '--profile', 'ocsp', '--key-type', 'ed25519')).status,
    0,
  );
  assert.match(
    tool('openssl', ['x509', '-in', 'responder.cert', '-noout', '-text'], pki.path),
    /OCSP Signing[\s\S]*OCSP No Check/,
  );
  assert.is((await program(['verify', 'issued'])).status, 0);
});

test('issue goes on where a run was killed, and hands out nothing that is revoked or other than asked for', async () => {
  const pki = copyOf('killed');
  const at = (file: string) => join(pki.path, file);
  const issue = async (status: number, said: RegExp, ...words: string[]) => {
    const ended = await program(['issue', 'backend_subca', ...words, '--dir', 'killed'], {
      TRUSTME_PKI_P12_PASSWORD: 'geheim',
    });
    assert.is(ended.status, status, ended.stdout + ended.stderr);
    assert.match(ended.stdout + ended.stderr, said);
  };
  const WEB = ['web', '--subject', 'CN=web, emailAddress=a@b.org', '--san', 'DNS:a.example', '--san', 'IP:2001:db8::1'];
  await issue(0, /serial/, ...WEB);
  const [certificate, key] = [readFileSync(at('web.cert')), readFileSync(at('web.key'))];
  const rows = pki.index('backend_subca').length;
  const THERE = /web\.key" is there: nothing is overwritten/;
  await issue(1, THERE, ...WEB);
  // Killed after the certificate, before PKCS #12 got its name.
  const dead = spawnSync('true').pid;
  const ours = (file: string) => `.${file}.trustme-pki.${dead}`;
  const left = () => readdirSync(pki.path).filter(name => name.includes('.trustme-pki.'));
  writeFileSync(at(ours('web.p12')), 'half');
  await issue(0, /web\.p12/, ...WEB, '--p12');
  assert.equal(left(), []);
  tool('openssl', ['pkcs12', '-in', 'web.p12', '-passin', 'pass:geheim', '-noout'], pki.path);
  await issue(1, THERE, ...WEB, '--p12');
  // Killed before the key, and between key and certificate; then as something else.
  // A key without a name of its own yet, as versions before this one left it, too.
  for (const name of ['web.key.new', ours('web.key'), 'web.key']) {
    rmSync(at('web.key'));
    rmSync(at('web.cert'));
    writeFileSync(at(name), key, { mode: 0o600 });
    if (name !== 'web.key') {
      const told = new RegExp(`"${name}" is the key of a certificate that backend_subca issued`);
      await issue(1, told, 'web', '--san', 'DNS:b.example');
      const other = await pki.run('issue', 'device_subca', 'web', '--profile', 'ocsp');
      assert.match(other.stderr, told);
    } else await issue(1, THERE, 'web', '--san', 'DNS:b.example', '--days', '5');
    await issue(0, /serial/, ...WEB);
    assert.equal([readFileSync(at('web.cert')), readFileSync(at('web.key'))], [certificate, key]);
    assert.not(existsSync(at('web.key.new')));
    assert.equal(left(), []);
  }
  assert.is(pki.index('backend_subca').length, rows);
  assert.is((await pki.run('revoke', 'web', '--reason', 'superseded')).status, 0);
  rmSync(at('web.cert'));
  await issue(1, THERE, ...WEB);
  assert.not(existsSync(at('web.cert')));
  // A key without a certificate that is valid is nobody's; what may be somebody's own stays.
  rmSync(at('web.key'));
  for (const name of ['web.key.new', ours('web.key')]) writeFileSync(at(name), key);
  await issue(0, /serial/, 'web', '--san', 'DNS:b.example');
  assert.is.not(readFileSync(at('web.key'), 'utf8'), key.toString());
  assert.equal(readFileSync(at('web.key.new')), key);
  assert.equal(left(), []);
  // The draft had just got its name; half a draft; no file at all.
  rmSync(at('web.cert'));
  writeFileSync(at(ours('web.key')), readFileSync(at('web.key')));
  await issue(0, /serial/, 'web', '--san', 'DNS:b.example');
  writeFileSync(at(ours('half.key')), key.subarray(0, 20));
  writeFileSync(at('half.cert.new'), 'mine');
  await issue(0, /serial/, 'half');
  assert.is(readFileSync(at('half.cert.new'), 'utf8'), 'mine');
  assert.equal(left(), []);
  tool('mkfifo', ['pipe.key', 'next.key.new'], pki.path);
  await issue(1, /pipe\.key" is there: nothing is overwritten/, 'pipe');
  await issue(0, /serial/, 'next');
});

test('issue hands out what a run that was killed had signed as nothing else than that: profile, validity, key type', async () => {
  const pki = copyOf('otherwise');
  const issue = (...words: string[]) => pki.run('issue', 'backend_subca', 'web', ...words);
  const [DAYS, OCSP, RSA] = [
    ['--days', '10'],
    ['--profile', 'ocsp'],
    ['--key-type', 'rsa:2048'],
  ];
  const cases: [made: string[], asked: string[], otherwise: string][] = [
    [[], DAYS!, 'validity'],
    [DAYS!, [], 'validity'],
    [[], RSA!, 'key type'],
    [RSA!, [], 'key type'],
    [[], OCSP!, 'validity, keyUsage, extendedKeyUsage, ocsp-nocheck'],
    [OCSP!, [...OCSP!, ...DAYS!, ...RSA!], 'key type, validity'],
  ];
  for (const [made, asked, otherwise] of cases) {
    assert.is((await issue(...made)).status, 0);
    const certificate = readFileSync(join(pki.path, 'web.cert'));
    const serial = new X509Certificate(certificate).serialNumber;
    rmSync(join(pki.path, 'web.cert'));
    const other = await issue(...asked);
    assert.is(other.status, 1, otherwise);
    assert.match(
      other.stderr,
      new RegExp(`certificate ${serial}, which is otherwise than asked for now: ${otherwise}\n`),
    );
    renameSync(join(pki.path, 'web.key'), join(pki.path, 'web.key.new'));
    assert.match((await issue(...asked)).stderr, new RegExp(`${serial}, which is otherwise .*: ${otherwise}\n`));
    assert.is((await issue(...made)).status, 0);
    assert.equal(readFileSync(join(pki.path, 'web.cert')), certificate);
    for (const file of ['web.key', 'web.cert']) rmSync(join(pki.path, file));
  }
});

test('what goes wrong is told, and nothing is made', async () => {
  const pki = copyOf('wrong');
  const before = pki.index('user_subca');
  const cases: [words: string[], status: number, said: RegExp, environment?: NodeJS.ProcessEnv][] = [
    [['issue', 'user_subca', '../evil'], 2, /cannot be a file name/],
    [['issue', 'user_subca'], 2, /CA or NAME is missing/],
    [['issue', 'user_subc', 'bob'], 2, /did you mean "user_subca"/],
    [['issue', 'user_subca', 'bob', '--profile', 'ocps'], 2, /did you mean "ocsp"/],
    [['issue', 'device_subca', 'bob', '--profile', 'rsa'], 2, /device_subca has no profile "rsa"/],
    [['issue', 'user_subca', 'bob', '--san', 'DNS:a b'], 2, /is no name/],
    [['issue', 'user_subca', 'bob', '--subject', 'Q=1'], 2, /unknown attribute/],
    [['issue', 'user_subca', 'bob', '--subject', 'C=Germany, CN=bob'], 2, /cannot be in a subject/],
    [['issue', 'user_subca', 'bob', '--key-type', 'rsa:1024'], 2, /too weak/],
    [['issue', 'user_subca', 'bob', '--p12'], 1, /TRUSTME_PKI_P12_PASSWORD is not set/],
    [['issue', 'user_subca', 'bob'], 1, /the passphrase is wrong/, { GYROIDOS_TEST_PASSWD_PKI: 'wrong' }],
    [['issue', 'gen_rootca', 'bob', '--san', 'DNS:x'], 1, /does not issue "bob": it asks for subjectAltName/],
    [['sign-csr', 'device_subca'], 2, /REQUEST is missing/],
    [['sign-csr', 'device_subca', 'nowhere.csr'], 2, /"nowhere\.csr" is not there/],
    [['sign-csr', 'device_subca', 'base'], 2, /"base" holds no request/],
    [['sign-csr', 'device_subca', 'wrong-csr/d1.csr', 'wrong-csr/d1.csr'], 2, /would both become/],
    [
      ['sign-csr', 'device_subca', 'wrong-csr/d1.csr'],
      1,
      /the passphrase is wrong/,
      { GYROIDOS_TEST_PASSWD_PKI: 'wrong' },
    ],
  ];
  for (const [words, status, said, environment] of cases) {
    const ended = await program([...words, '--dir', 'wrong'], environment);
    assert.is(ended.status, status, `${words.join(' ')}: ${ended.stdout}${ended.stderr}`);
    assert.match(ended.stderr + ended.stdout, said);
  }
  assert.equal(pki.index('user_subca'), before);
  assert.equal(
    readdirSync(pki.path).filter(name => /^bob/.test(name)),
    [],
  );
  assert.not.ok(existsSync(join(pki.requests, 'd1.cert')));
});

test.run();
