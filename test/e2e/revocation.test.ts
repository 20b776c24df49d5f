// list, revoke and crl: what standard clients make of it, holds, old directories, and what goes wrong.
import { createHash, X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { revoke } from '../../scripts/lib/authority/revoke.ts';
import { cleanEnvironment, isMissing, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { killAt } from '../helpers/killed.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('revocation');
const folder = scratch();
const base = join(folder, 'base');
const program = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  runProgram(words, folder, cleanEnvironment(extra));

test.before(async () => {
  const { status, stderr } = await program(['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--quiet']);
  assert.is(status, 0, stderr);
});

/** A copy of the PKI, and the program working in it. */
function copyOf(name: string) {
  cpSync(base, join(folder, name), { recursive: true });
  const run = (...words: string[]) => program([...words, '--dir', name]);
  const succeed = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...words);
    assert.is(status, 0, stderr);
    return stdout;
  };
  const openssl = (...args: string[]) => tool('openssl', args, join(folder, name));
  return { path: join(folder, name), run, succeed, openssl };
}

/** What openssl says of backend.cert with the newest list. */
function isRevoked({ openssl }: ReturnType<typeof copyOf>): boolean {
  const lists = ['-crl_check', '-CRLfile', 'backend_subca.crl'];
  try {
    openssl('verify', ...lists, '-CAfile', 'gen_rootca.cert', '-untrusted', 'backend_subca.cert', 'backend.cert');
    return false;
  } catch (error) {
    assert.match(String((error as { stderr: string }).stderr), /certificate revoked/);
    return true;
  }
}

test('a revoked certificate is on the next list, and clients refuse it', async () => {
  const pki = copyOf('simple');
  await pki.succeed('crl', 'backend_subca');
  assert.is(isRevoked(pki), false);
  const said = await pki.succeed('revoke', 'backend', '--reason', 'keyCompromise', '--invalidity-date', '2026-01-02');
  assert.match(said, /^backend: revoked \(backend_subca, serial [0-9A-F]{40}\)\n$/);
  await pki.succeed('crl', 'backend_subca', '--days', '7');
  assert.is(isRevoked(pki), true);
  const text = pki.openssl('crl', '-inform', 'DER', '-in', 'backend_subca.crl.der', '-noout', '-text');
  assert.match(text, /Key Compromise/);
  assert.match(text, /Invalidity Date: \s+Jan {2}2 00:00:00 2026 GMT/);
  assert.match(text, /CRL Number: \s+2\n/);
  pki.openssl('crl', '-in', 'backend_subca.crl', '-CAfile', 'backend_subca.cert', '-noout', '-verify');
  const again = await pki.succeed('revoke', 'backend.cert');
  assert.match(again, /^backend\.cert: already revoked/);
  if (!isMissing('certtool')) {
    const seen = tool('certtool', ['--crl-info', '--infile', 'backend_subca.crl'], pki.path);
    assert.match(seen, /Revoked certificates \(1\)/);
  }
});

test('a revocation after 2049 is on lists of every openssl, which reads no later times of revocation', async () => {
  const pki = copyOf('late');
  const serial = new X509Certificate(readFileSync(join(pki.path, 'backend.cert'))).serialNumber;
  const authority = { path: pki.path, stem: 'backend_subca', note: () => {} };
  const targets = [{ ca: 'backend_subca', serial, given: 'backend' }];
  revoke(authority, targets, { reason: 'superseded', invalidity: undefined }, new Date('2050-06-01T12:00:00Z'));
  await pki.succeed('crl', 'backend_subca');
  const text = pki.openssl('crl', '-in', 'backend_subca.crl', '-noout', '-text');
  assert.match(text, /Revocation Date: Dec 31 23:59:59 2049 GMT/);
  assert.match(text, /Superseded/);
});

test('a number with zeros before it, or in small letters, is the number that openssl prints otherwise', async () => {
  const pki = copyOf('zeros');
  for (const [number, next] of [
    ['0001', '02'],
    ['00ff', '0100'],
  ] as const) {
    writeFileSync(join(pki.path, '.pki/backend_subca/crlnumber'), `${number}\n`);
    await pki.succeed('crl', 'backend_subca');
    assert.is(readFileSync(join(pki.path, '.pki/backend_subca/crlnumber'), 'latin1'), `${next}\n`);
  }
});

test('what a killed run was about to put in the place of lists and numbers goes with the next one, of any verb', async () => {
  const pki = copyOf('killed');
  await pki.succeed('crl', 'backend_subca');
  const left = () =>
    readdirSync(pki.path, { recursive: true }).filter(name => /\.new$|\.trustme-pki\./.test(String(name)));
  for (const which of [3, 4, 5]) {
    await killAt('rename', which, folder, 'crl', 'backend_subca', '--dir', 'killed');
    assert.is(left().length, 1, String(left()));
    const verified = await program(['verify', 'killed']);
    // Between the list and the same in DER there are two, which is told until the next list is made.
    if (which === 5) assert.match(verified.stdout, /crl-mismatch/);
    else assert.is(verified.status, 0, verified.stdout);
    await pki.succeed('issue', 'backend_subca', `web${which}`);
    assert.equal(left(), []);
    await pki.succeed('crl', 'backend_subca');
    await pki.succeed('verify');
  }
  // What somebody else keeps there stays.
  mkdirSync(join(folder, 'lists'));
  writeFileSync(join(folder, 'lists/backend_subca.crl.new'), 'mine');
  await pki.succeed('crl', 'backend_subca', '--output-dir', join(folder, 'lists'));
  assert.is(readFileSync(join(folder, 'lists/backend_subca.crl.new'), 'utf8'), 'mine');
});

test('hold is not for ever: a released certificate is not on the next list', async () => {
  const pki = copyOf('hold');
  const serial = pki.openssl('x509', '-in', 'backend.cert', '-noout', '-serial').trim().replace('serial=', '');
  assert.match(await pki.succeed('revoke', serial, '--reason', 'certificateHold'), /: held /);
  await pki.succeed('crl');
  assert.is(isRevoked(pki), true);
  assert.match(
    await pki.succeed('list', 'backend_subca', '--status', 'revoked'),
    new RegExp(`${serial}.*certificateHold`),
  );
  assert.match(await pki.succeed('revoke', 'backend.cert', '--reason', 'removeFromCRL'), /: released /);
  await pki.succeed('crl', 'backend_subca');
  assert.is(isRevoked(pki), false);
  const wrong = await pki.run('revoke', 'backend', '--reason', 'removeFromCRL');
  assert.is(wrong.status, 1);
  assert.match(wrong.stderr, /"backend" is not on hold/);
  // openssl goes on from here, and the directory is sound.
  const ca = ['ca', '-config', '.pki/backend_subca.cnf', '-passin', 'env:P', '-gencrl', '-out', '/dev/null'];
  tool('openssl', ca, pki.path, { P: 'test1234' });
  assert.is((await program(['verify', 'hold'])).status, 0);
});

test('a compromise that turns out later changes the reason, and no other reason does', async () => {
  const pki = copyOf('later');
  const row = () => /^R.*/m.exec(readFileSync(join(pki.path, '.pki/backend_subca/index.txt'), 'latin1'))![0];
  await pki.succeed('revoke', 'backend', '--reason', 'superseded');
  const [time] = row().split('\t')[2]!.split(',');
  assert.match(
    await pki.succeed('revoke', 'backend', '--reason', 'cessationOfOperation'),
    /^backend: already revoked: superseded \(/,
  );
  const compromised = ['revoke', 'backend', '--reason', 'keyCompromise'];
  assert.match(await pki.succeed(...compromised), /^backend: reason changed: keyCompromise \(backend_subca/);
  assert.is(row().split('\t')[2], `${time},keyCompromise`);
  await pki.succeed(...compromised, '--invalidity-date', '2026-01-02');
  assert.is(row().split('\t')[2], `${time},keyTime,20260102000000Z`);
  const { certificates } = JSON.parse(await pki.succeed('revoke', 'backend', '--json'));
  assert.is(certificates[0].result, 'already revoked');
  assert.is(certificates[0].reason, 'keyCompromise');
  assert.match(await pki.succeed(...compromised), /^backend: already revoked \(/);
  await pki.succeed('crl', 'backend_subca');
  const text = pki.openssl('crl', '-in', 'backend_subca.crl', '-noout', '-text');
  assert.match(text, /Key Compromise[\s\S]*Jan {2}2 00:00:00 2026 GMT/);
});

test('several at once, of two CAs: all are looked up before anything is written', async () => {
  const pki = copyOf('several');
  const before = readFileSync(join(pki.path, '.pki/backend_subca/index.txt'), 'utf8');
  const wrong = await pki.run('revoke', 'backend', 'bakend');
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /"bakend" is neither a certificate file, nor a serial number, nor a name/);
  assert.is(readFileSync(join(pki.path, '.pki/backend_subca/index.txt'), 'utf8'), before);
  const { certificates } = JSON.parse(await pki.succeed('revoke', 'backend', 'ssig', 'ocsp_server', '--json'));
  assert.equal(
    certificates.map(({ given, ca, result }: Record<string, string>) => [given, ca, result]),
    [
      ['backend', 'backend_subca', 'revoked'],
      ['ocsp_server', 'backend_subca', 'revoked'],
      ['ssig', 'ssig_subca', 'revoked'],
    ],
  );
  const { lists } = JSON.parse(await pki.succeed('crl', '--json'));
  assert.is(lists.length, 8);
});

test('list: as text, as CSV and as JSON', async () => {
  const pki = copyOf('listed');
  const csv = await pki.succeed('list', 'backend_subca', '--csv');
  assert.match(
    csv,
    /^status,notAfter,serial,subject,revoked,reason,request\r\nvalid,20\d\d-.*\/CN=trustme Backend Certificate,,,\r\n/,
  );
  const { issued } = JSON.parse(await pki.succeed('list', 'backend_subca', '--json'));
  assert.equal(
    issued.map(({ status }: { status: string }) => status),
    ['valid', 'valid'],
  );
  assert.is(await pki.succeed('list', 'device_subca'), '');
  assert.is(await pki.succeed('list', 'backend_subca', '--status', 'expired'), '');
  assert.match(await pki.succeed('list', 'backend_subca', '--subject', 'ocsp SERVER'), /^valid .*OCSP Server[^\n]*\n$/);
  assert.is(await pki.succeed('list', 'backend_subca', '--expires-within', '30'), '');
  assert.match(await pki.succeed('list', 'backend_subca', '--expires-within', '99999'), /Backend Certificate/);
  await pki.succeed('issue', 'user_subca', 'alice');
  const [alice] = JSON.parse(await pki.succeed('list', 'user_subca', '--json')).issued;
  const { publicKey } = new X509Certificate(readFileSync(join(pki.path, 'alice.cert')));
  const der = publicKey.export({ type: 'spki', format: 'der' });
  assert.is(alice.key, createHash('sha256').update(der).digest('hex'));
  assert.match(alice.request, /^[0-9a-f]{64}$/);
  const late = await start('faketime', [
    '2031-01-01',
    process.execPath,
    MAIN,
    'list',
    'backend_subca',
    '--dir',
    pki.path,
  ]).ended;
  assert.match(late.stdout, /^expired /m);
});

test('a directory of the old script gets its databases with the first command, which says so', async () => {
  tool('tar', ['xzf', join(ROOT, 'test/fixtures/directories/script-2026-ec.tar.gz'), '-C', folder]);
  const name = 'script-2026-ec';
  cpSync(join(folder, name, 'backend.cert'), join(folder, name, 'backend-old.cert'));
  const before = await program(['list', 'backend_subca', '--dir', name]);
  assert.is(before.status, 1);
  assert.match(before.stderr, /backend_subca has no database/);
  const { status, stderr } = await program(['revoke', 'backend', '--dir', name]);
  assert.is(status, 0, stderr);
  assert.match(stderr, /backend_subca had no database: built it from the 2 certificates in the directory/);
  assert.match((await program(['crl', 'backend_subca', '--dir', name])).stdout, /number 01/);
  assert.match((await program(['list', 'backend_subca', '--dir', name])).stdout, /^revoked .*Backend Certificate/m);
  const codes = JSON.parse((await program(['verify', name, '--json'])).stdout).findings.map(
    ({ code }: { code: string }) => code,
  );
  assert.equal([...new Set(codes)].sort(), ['key-mode', 'revoked-published']);
});

test('what goes wrong is told, and changes nothing', async () => {
  const pki = copyOf('wrong');
  symlinkSync('wrong', join(folder, 'link'));
  const index = join(pki.path, '.pki/backend_subca/index.txt');
  const before = readFileSync(index, 'utf8');
  cpSync(join(pki.path, 'backend.cert'), join(folder, 'ssig.cert'));
  const cases: [words: string[], status: number, said: RegExp, environment?: NodeJS.ProcessEnv][] = [
    [['revoke', 'backend', '--dir', 'link'], 1, /is a symbolic link: a release PKI.*\n.*--release/],
    [['revoke', '--dir', 'wrong'], 2, /CERT is missing/],
    [['revoke', 'backend', '--reason', 'stolen', '--dir', 'wrong'], 2, /unknown --reason "stolen"/],
    [['revoke', 'backend', '--invalidity-date', '2026-01-02', '--dir', 'wrong'], 2, /goes with a compromised key/],
    [
      ['revoke', 'backend', '--reason', 'keyCompromise', '--invalidity-date', '2999-01-02', '--dir', 'wrong'],
      2,
      /no time in the past/,
    ],
    [
      ['revoke', 'backend', '--reason', 'keyCompromise', '--invalidity-date', '2026-06-31', '--dir', 'wrong'],
      2,
      /"2026-06-31" is no time in the past/,
    ],
    [
      ['revoke', 'ssig.cert', '--dir', 'wrong'],
      2,
      /"ssig\.cert" is a file here, of serial number (\w+), and the name of .* (\w+)\n.*type \.\/ssig\.cert for the file, ssig or \2 for/,
    ],
    [['ocsp', 'ssig.cert', '--dir', 'wrong'], 2, /"ssig\.cert" is a file here/],
    [['revoke', MAIN, '--dir', 'wrong'], 1, /holds no certificate/],
    [
      ['revoke', 'ABCDEF', '--dir', 'wrong'],
      1,
      /no CA of the directory issued a certificate with the serial number "ABCDEF"/,
    ],
    [['ocsp', '0x1234', '--dir', 'wrong'], 1, /no CA of the directory issued/],
    [['crl', 'backend_sub', '--dir', 'wrong'], 2, /has no CA "backend_sub"\n.*did you mean "backend_subca"/],
    [['crl', 'backend', '--dir', 'wrong'], 2, /has no CA "backend"/],
    [['crl', '--days', '0', '--dir', 'wrong'], 2, /is no number of days/],
    [['crl', '--output-dir', 'nowhere', '--dir', 'wrong'], 2, /is no folder/],
    [['list', '--dir', 'wrong'], 2, /CA is missing/],
    [['list', 'backend_subca', '--dir', 'nowhere'], 1, /"nowhere" is not there/],
    [['crl', 'backend_subca', '--dir', 'wrong'], 1, /the passphrase is wrong/, { GYROIDOS_TEST_PASSWD_PKI: 'wrong' }],
  ];
  for (const [words, status, said, environment] of cases) {
    const ended = await program(words, environment);
    assert.is(ended.status, status, `${words.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, said);
  }
  assert.is(readFileSync(index, 'utf8'), before);
  assert.is(readFileSync(join(pki.path, '.pki/backend_subca/crlnumber'), 'utf8'), '01\n');
  assert.not.ok(existsSync(join(pki.path, 'backend_subca.crl')));
  assert.equal(
    readdirSync(join(pki.path, '.pki/backend_subca')).filter(name => name.startsWith('work.')),
    [],
  );
  writeFileSync(index, before);
  assert.is((await program(['revoke', './ssig.cert', '--dir', 'wrong'])).status, 0);
  assert.match(readFileSync(index, 'utf8'), /^R.*\n/);
  cpSync(join(pki.path, 'ssig.cert'), join(folder, 'ssig.cert'));
  assert.is((await program(['revoke', 'ssig.cert', '--dir', 'wrong'])).status, 0);
  rmSync(join(folder, 'ssig.cert'));
  writeFileSync(index, `${before}half a row\n`);
  const half = await program(['revoke', 'backend', '--dir', 'wrong']);
  assert.is(half.status, 1);
  assert.match(half.stderr, /index\.txt" line 3: it has 1 fields, not 6/);
});

test('a directory in which no list can be made is told as what it is, and is no success', async () => {
  mkdirSync(join(folder, 'empty'));
  const keyless = copyOf('keyless');
  for (const name of readdirSync(keyless.path).filter(file => file.endsWith('.key'))) rmSync(join(keyless.path, name));
  const request = ['request', 'backend_subca', '--dir', 'waits', '--key-type', 'ec:prime256v1', '--quiet'];
  assert.is((await program(request)).status, 0);
  const cases: [words: string[], said: RegExp][] = [
    [
      ['crl', '--dir', 'empty'],
      /"empty" is no PKI: it holds no certificates\n.*trustme-pki generate --dir empty makes/,
    ],
    [['crl', 'gen_rootca', '--dir', 'empty'], /"empty" is no PKI/],
    [['renew', '--expiring', '30', '--dir', 'empty'], /"empty" is no PKI/],
    [['crl', '--dir', 'keyless'], /no key of a CA is in "keyless": no list was made/],
    [['crl', 'gen_rootca', '--dir', 'keyless'], /the key of gen_rootca is not in the directory/],
    [['crl', '--dir', 'waits'], /"waits" is no PKI: it waits for certificates: backend_subca\n.*trustme-pki import/],
    [['crl', '--json', '--dir', 'waits'], /"waits" is no PKI/],
  ];
  for (const [words, said] of cases) {
    const { status, stdout, stderr } = await program(words);
    assert.is(status, 1, `${words.join(' ')}: ${stderr}`);
    assert.is(stdout, '');
    assert.match(stderr, said);
  }
  assert.equal(readdirSync(join(folder, 'empty')), []);
});

test('a database of which a part is gone: what is lost is told, what is not goes on', async () => {
  const pki = copyOf('parts');
  const database = join(pki.path, '.pki/backend_subca');
  await pki.succeed('revoke', 'backend');
  await pki.succeed('crl', 'backend_subca');
  for (const name of ['issued', 'index.txt.attr']) rmSync(join(database, name), { recursive: true });
  await pki.succeed('issue', 'backend_subca', 'mdm', '--san', 'DNS:mdm.example.org');
  assert.is(readFileSync(join(database, 'index.txt.attr'), 'utf8'), 'unique_subject = no\n');

  const number = readFileSync(join(database, 'crlnumber'), 'utf8');
  for (const [content, said] of [
    [undefined, /crlnumber" is missing\n.*openssl crl -in LIST -noout -crlnumber/],
    ['2\n', /crlnumber" holds no number/],
  ] as const) {
    rmSync(join(database, 'crlnumber'), { force: true });
    if (content !== undefined) writeFileSync(join(database, 'crlnumber'), content);
    const { status, stderr } = await pki.run('crl', 'backend_subca');
    assert.is(status, 1);
    assert.match(stderr, said);
  }
  writeFileSync(join(database, 'crlnumber'), number);

  rmSync(join(database, 'index.txt'));
  const traces = ['.pki/backend_subca/requests.tsv', '.pki/backend_subca/index.txt.attr', 'backend_subca.crl'];
  for (const words of [
    ['issue', 'backend_subca', 'other'],
    ['crl', 'backend_subca'],
    ['list', 'backend_subca'],
    ['ocsp', 'backend'],
  ]) {
    const { status, stderr } = await pki.run(...words);
    assert.is(status, 1);
    assert.match(stderr, /"\.pki\/backend_subca\/index\.txt" is missing, though there was one/);
    assert.ok(stderr.includes(traces.map(file => `"${file}"`).join(' and ')), stderr);
  }
  assert.not.ok(existsSync(join(pki.path, 'other.key')));
  for (const file of traces) rmSync(join(pki.path, file));
  assert.match((await pki.run('crl', 'backend_subca')).stderr, /had no database: built it from the 3 certificates/);
});

test('an index that lost something makes no list and no answer', async () => {
  const pki = copyOf('damaged');
  const index = join(pki.path, '.pki/backend_subca/index.txt');
  await pki.succeed('issue', 'backend_subca', 'mdm');
  await pki.succeed('revoke', 'mdm', '--reason', 'keyCompromise');
  await pki.succeed('crl', 'backend_subca');
  const whole = readFileSync(index, 'latin1');
  const list = readFileSync(join(pki.path, 'backend_subca.crl'));
  const rows = whole.split('\n');
  const lost = /does not know that serial number [0-9A-F]+ is revoked, as "backend_subca\.crl" says.*\n.*from a backup/;
  const cases: [name: string, content: string | undefined, said: RegExp][] = [
    ['empty', '', lost],
    ['the last row is gone', rows.slice(0, 2).join('\n'), lost],
    ['an older one', whole.replace(/^R\t(\w+)\t[^\t]+/m, 'V\t$1\t'), lost],
    ['a row that is none', `${whole}half a row\n`, /line 4: it has 1 fields/],
    ['a folder', undefined, /cannot read "\.pki\/backend_subca\/index\.txt": it is a folder \(EISDIR\)/],
  ];
  for (const [name, content, said] of cases) {
    rmSync(index, { recursive: true });
    if (content === undefined) mkdirSync(index);
    else writeFileSync(index, content, 'latin1');
    const others = [
      ['issue', 'backend_subca', 'other'],
      ['renew', 'backend'],
      ['ocsp', 'mdm'],
    ];
    for (const words of [['crl', 'backend_subca'], ...(name === 'empty' ? others : [])]) {
      const { status, stderr } = await pki.run(...words);
      assert.is(status, 1, `${name}, ${words[0]}: ${stderr}`);
      assert.match(stderr, said, `${name}, ${words[0]}`);
    }
    assert.equal(readFileSync(join(pki.path, 'backend_subca.crl')), list, name);
  }
  rmSync(index, { recursive: true });
  // openssl passes over a last row without an end of line.
  writeFileSync(index, whole.trimEnd(), 'latin1');
  assert.match((await pki.run('ocsp', 'mdm')).stderr, /no end of line: openssl passes over it\n.*trustme-pki crl/);
  await pki.succeed('crl', 'backend_subca');
  assert.is(readFileSync(index, 'latin1'), whole);
  const text = pki.openssl('crl', '-in', 'backend_subca.crl', '-noout', '-text');
  assert.match(text, /Number: \s+2\n[\s\S]*Serial Number[\s\S]*Key Compromise/);
  assert.is((await pki.run('ocsp', 'mdm')).status, 1);
  // Without a list, rows that are lost are as after a run that was killed: said, so that somebody may wonder.
  rmSync(join(pki.path, 'backend_subca.crl'));
  writeFileSync(index, `${rows.slice(0, 2).join('\n')}\n`, 'latin1');
  const entered = await pki.run('issue', 'backend_subca', 'other');
  assert.match(
    entered.stderr,
    /^trustme-pki: backend_subca: entered a certificate that an interrupted run had signed$/m,
  );
});

test('a database from a backup takes no number twice and no revocation back, wherever lists are published', async () => {
  const pki = copyOf('restored');
  mkdirSync(join(folder, 'published'));
  cpSync(pki.path, join(folder, 'backup'), { recursive: true });
  const publish = ['crl', 'gen_rootca', '--output-dir', 'published'];
  const list = join(folder, 'published/gen_rootca.crl');
  await pki.succeed(...publish);
  await pki.succeed('revoke', 'backend_subca', '--reason', 'superseded');
  await pki.succeed(...publish);
  const before = readFileSync(list);
  const restore = () => {
    rmSync(pki.path, { recursive: true });
    cpSync(join(folder, 'backup'), pki.path, { recursive: true });
  };
  const refused = async (said: RegExp) => {
    const { status, stdout, stderr } = await pki.run(...publish);
    assert.is(status, 1, stdout);
    assert.match(stderr, said);
    assert.equal(readFileSync(list), before);
  };
  restore();
  const lost =
    /index\.txt" does not know that serial number [0-9A-F]+ is revoked, as ".*published\/gen_rootca\.crl(\.der)?" says/;
  await refused(lost);
  // Those who publish DER alone are asked as well.
  cpSync(list, join(folder, 'kept.crl'));
  rmSync(list);
  const der = await pki.run(...publish);
  assert.match(der.stderr, lost);
  // A link to the list is followed.
  rmSync(`${list}.der`);
  symlinkSync('../kept.crl', list);
  await refused(lost);
  rmSync(list);
  cpSync(join(folder, 'kept.crl'), list);
  await pki.succeed('revoke', 'backend_subca', '--reason', 'superseded');
  await refused(
    /would have the number 01, and ".*gen_rootca\.crl" has 02: .*\n.*newer database.* write 03 into "\.pki\/gen_/,
  );
  writeFileSync(join(pki.path, '.pki/gen_rootca/crlnumber'), '03\n');
  assert.match(await pki.succeed(...publish), /\(number 03\)/);
  // A PKI that was made anew has other keys: the list of the old one is not its own.
  const anew = ['generate', '--dir', 'anew', '--key-type', 'ec:prime256v1', '--quiet'];
  assert.is((await program(anew)).status, 0);
  assert.is((await program([...publish, '--dir', 'anew'])).status, 0);
  // In the directory itself: a number that was set back by hand.
  await pki.succeed('crl', 'gen_rootca');
  writeFileSync(join(pki.path, '.pki/gen_rootca/crlnumber'), '04\n');
  assert.match((await pki.run('crl', 'gen_rootca')).stderr, /would have the number 04, and "gen_rootca\.crl" has 04/);
});

test('what was issued since the backup is revoked by its file: its row and copy are entered first', async () => {
  const pki = copyOf('since');
  mkdirSync(join(folder, 'since-web'));
  const list = ['device_subca', '--output-dir', join(folder, 'since-web')];
  cpSync(pki.path, join(folder, 'since-backup'), { recursive: true });
  const files = ['d1', 'd2', 'd3'].map(name => join(folder, 'since-web', `${name}.cert`));
  for (const name of ['d1', 'd2', 'd3']) await pki.succeed('issue', 'device_subca', name, ...list.slice(1));
  await pki.succeed('revoke', files[1]!, '--reason', 'keyCompromise');
  await pki.succeed('crl', ...list);
  rmSync(pki.path, { recursive: true });
  cpSync(join(folder, 'since-backup'), pki.path, { recursive: true });
  const lost = await pki.run('crl', ...list);
  assert.match(lost.stderr, /rows are lost\n.*revoke again, each by its certificate file/);
  const index = join(pki.path, '.pki/device_subca/index.txt');
  const before = readFileSync(index, 'latin1');
  const notHeld = await pki.run('revoke', files[0]!, files[1]!, '--reason', 'removeFromCRL');
  assert.match(notHeld.stderr, /is not on hold/);
  assert.is(readFileSync(index, 'latin1'), before);
  const again = await pki.run('revoke', files[1]!, files[2]!, files[1]!, '--reason', 'keyCompromise', '--json');
  assert.is(again.status, 0, again.stderr);
  assert.is(
    again.stderr.match(/the index of device_subca had no row of serial number [0-9A-F]{40}: entered it/g)?.length,
    2,
  );
  assert.equal(Object.keys(JSON.parse(again.stdout).certificates[0]), ['given', 'ca', 'serial', 'result', 'reason']);
  assert.is(readFileSync(index, 'latin1').match(/^R.*keyCompromise/gm)?.length, 2);
  // By number now, as any other.
  const { serial } = JSON.parse(again.stdout).certificates[2];
  assert.match(await pki.succeed('revoke', serial), /already revoked: keyCompromise/);
  assert.match((await pki.run('crl', ...list)).stderr, /would have the number 01/);
  writeFileSync(join(pki.path, '.pki/device_subca/crlnumber'), '02\n');
  await pki.succeed('crl', ...list);
  const text = pki.openssl('crl', '-in', join(folder, 'since-web/device_subca.crl'), '-noout', '-text');
  assert.is(text.match(/Serial Number/g)?.length, 2);
  const sound = await program(['verify', 'since']);
  assert.is(sound.status, 0, sound.stdout);
});

test('after a new key of a CA, who has the old chain learns of revocations by a list of the old key', async () => {
  const pki = copyOf('rekeyed');
  // The certificate before is of the same key: it has no list of its own.
  await pki.succeed('renew', 'device_subca');
  await pki.succeed('issue', 'device_subca', 'dev', '--output-dir', '.');
  cpSync(join(pki.path, 'device_subca.cert'), join(pki.path, '../device_subca.old'));
  const rekeyed = await pki.succeed('rekey', 'device_subca');
  const [, serial] = /publish both lists of "trustme-pki crl device_subca".*device_subca\.([0-9A-F]+)\.crl$/m.exec(
    rekeyed,
  )!;
  const file = `device_subca.${serial}.crl`;
  const check = () =>
    pki.openssl(
      ...['verify', '-crl_check', '-CAfile', 'gen_rootca.cert', '-untrusted', '../device_subca.old'],
      ...['-CRLfile', file, '-CRLfile', 'device_subca.crl', '../dev.cert'],
    );
  const { lists } = JSON.parse(await pki.succeed('crl', 'device_subca', '--json'));
  assert.equal(
    lists.map(({ files, number, former }: Record<string, string>) => [files, number, former]),
    [
      [['device_subca.crl', 'device_subca.crl.der'].map(name => join(pki.path, name)), '01', undefined],
      [[file, `${file}.der`].map(name => join(pki.path, name)), '02', serial],
    ],
  );
  assert.match(check(), /dev\.cert: OK/);
  await pki.succeed('revoke', 'dev.cert');
  assert.match(
    await pki.succeed('crl', 'device_subca'),
    /\(number 04, by the old key of the certificate [0-9A-F]+\)$/m,
  );
  assert.throws(check, /certificate revoked/);
  assert.not.match((await program(['verify', 'rekeyed', '--json'])).stdout, /crl-\w+|stray-file/);

  const ocsp = await pki.run('ocsp', 'dev.cert');
  assert.is(ocsp.status, 1);
  assert.match(
    ocsp.stderr,
    /"dev\.cert" was signed by a key that device_subca had before.*\n.*"device_subca\.[0-9A-F]+\.crl"/,
  );

  const certificate = join(pki.path, `.pki/retired/device_subca/${serial}.pem`);
  const whole = readFileSync(certificate);
  for (const harm of [() => writeFileSync(certificate, ''), () => rmSync(certificate)]) {
    harm();
    const { status, stdout, stderr } = await pki.run('crl', 'device_subca');
    assert.is(status, 0);
    assert.match(stderr, new RegExp(`no list by the key ".*${serial}.key": ".*${serial}.pem" does not hold its cert`));
    assert.not.match(stdout, /by the old key/);
  }
  writeFileSync(certificate, whole);

  rmSync(join(pki.path, `.pki/retired/device_subca/${serial}.key`));
  const without = await pki.run('crl', 'device_subca');
  assert.is(without.status, 0);
  assert.match(
    without.stderr,
    /no list by the key that it had before: "\.pki\/retired\/device_subca\/[0-9A-F]+\.key" is not/,
  );
  assert.not.match(without.stdout, /by the old key/);
});

test('below a CA that is revoked or on hold nothing is signed, and no device is to trust a revoked root', async () => {
  const pki = copyOf('above');
  await pki.succeed('revoke', 'backend_subca', '--reason', 'certificateHold');
  const held = await pki.run('issue', 'backend_subca', 'mdm');
  assert.is(held.status, 1);
  assert.match(
    held.stderr,
    /was revoked by gen_rootca \(certificateHold\)\n.*revoke backend_subca --reason removeFromCRL/,
  );
  await pki.succeed('revoke', 'backend_subca', '--reason', 'removeFromCRL');
  await pki.succeed('revoke', 'gen_rootca', '--reason', 'CACompromise');
  for (const words of [
    ['issue', 'backend_subca', 'mdm'],
    ['renew', 'backend'],
  ]) {
    const { status, stderr } = await pki.run(...words);
    assert.is(status, 1);
    assert.match(
      stderr,
      /gen_rootca was revoked by gen_rootca \(CACompromise\), and backend_subca is below it\n.*rekey gen_rootca --cascade/,
    );
  }
  const anchors = await pki.run('export', 'anchors');
  assert.is(anchors.status, 0);
  assert.match(anchors.stderr, /gen_rootca is left out: it is revoked \(CACompromise\)/);
  assert.is(anchors.stdout.match(/BEGIN CERTIFICATE/g)!.length, 1);
  const named = await pki.run('export', 'anchors', 'gen_rootca');
  assert.is(named.status, 1);
  assert.match(named.stderr, /gen_rootca is revoked \(CACompromise\): no device is to trust it/);
});

test('a name means the certificate that is there when its CA is free: one that was renewed meanwhile is revoked', async () => {
  const pki = copyOf('meanwhile');
  await pki.succeed('issue', 'user_subca', 'alice');
  cpSync(pki.path, join(folder, 'after'), { recursive: true });
  assert.is((await program(['renew', 'alice', '--dir', 'after'])).status, 0);
  const renews = 'cp after/alice.cert meanwhile/ && cp -r after/.pki/retired after/.pki/user_subca meanwhile/.pki/';
  const lock = join(pki.path, '.pki/user_subca/lock');
  const holder = start('flock', [lock, 'sh', '-ec', `echo held; read -r go; ${renews}`], {
    cwd: folder,
    stdio: 'pipe',
  });
  await new Promise(done => holder.child.stdout!.once('data', done));
  const words = ['revoke', 'alice', '--dir', 'meanwhile'];
  const waiting = start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment() });
  waiting.child.stderr!.on('data', text => {
    if (/waiting for another run on user_subca/.test(String(text))) holder.child.stdin!.end('go\n');
  });
  const { status, stdout, stderr } = await waiting.ended;
  holder.child.stdin!.end();
  assert.is(status, 0, stderr);
  const serial = pki.openssl('x509', '-in', 'alice.cert', '-noout', '-serial').trim().split('=')[1]!;
  assert.match(stdout, new RegExp(`^alice: revoked \\(user_subca, serial ${serial}\\)`));
  assert.match(await pki.succeed('list', 'user_subca', '--status', 'revoked'), new RegExp(serial));
});

test('two revocations at once both hold', async () => {
  const pki = copyOf('together');
  await Promise.all([pki.succeed('revoke', 'backend'), pki.succeed('revoke', 'ocsp_server'), pki.succeed('crl')]);
  const revoked = await pki.succeed('list', 'backend_subca', '--status', 'revoked');
  assert.is(revoked.trim().split('\n').length, 2);
});

test('what stands below a certificate that is revoked is told, neither handed out again nor signs anything', async () => {
  const pki = copyOf('below');
  mkdirSync(join(folder, 'below-out'));
  const request = join(folder, 'below.csr');
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
  tool('openssl', ['req', '-new', ...ec, '-subj', '/CN=below', '-config', '/dev/null', '-out', request]);
  const words = ['sign-csr', 'device_subca', request, '--output-dir', 'below-out'];
  await pki.succeed(...words);
  await pki.succeed('issue', 'device_subca', 'dd');
  rmSync(join(pki.path, 'dd.key'));
  await pki.succeed('revoke', 'device_subca', '--reason', 'keyCompromise');
  assert.match(
    await pki.succeed('rekey', 'device_subca', '--cascade'),
    /what the old key signed stays valid as long as its old certificate/,
  );
  rmSync(join(folder, 'below-out/below.cert'));
  for (const more of [[], ['--leaf-only']]) {
    const { status, stdout } = await pki.run(...words, ...more);
    assert.is(status, 1);
    assert.match(
      stdout,
      /refused: it stands below a certificate that was revoked \(keyCompromise\).*--again signs it anew/,
    );
  }
  assert.match(await pki.succeed(...words, '--again'), /: signed: /);
  const { stdout } = await pki.run('verify');
  assert.match(stdout, /^error {2}dd\.cert: a certificate of its chain is revoked .*\[revoked-published\]/);
  await pki.succeed('revoke', 'ssig_subca', '--reason', 'certificateHold');
  writeFileSync(join(folder, 'below.conf'), 'name: x\n');
  const signed = await pki.run('sign', 'config', 'below.conf', '--signer', 'ssig');
  assert.is(signed.status, 1);
  assert.match(signed.stderr, /ssig\.cert stands below .*, which ssig_rootca revoked \(certificateHold\)/);
});

test('a CA without [issued] has lists; what was made before, without their part, is left out, and refused by name', async () => {
  const conf = join(folder, 'policy-conf');
  const ini = (top: string, days: number, powers: string) =>
    `${top}[subject]\ncommonName = ${days}\n[certificate]\ndays = ${days}\n${powers}`;
  const ca = 'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n';
  mkdirSync(conf);
  writeFileSync(join(conf, 'defaults.ini'), 'key-type = ec:prime256v1\n');
  writeFileSync(join(conf, 'policy.ini'), ini('issuer = gen_rootca\n', 300, ca));
  writeFileSync(join(conf, 'under.ini'), ini('issuer = policy\n', 30, 'basicConstraints = critical, CA:FALSE\n'));
  const made = await program(['generate', '--dir', 'policy', '--conf', conf, '--quiet']);
  assert.is(made.status, 0, made.stderr);
  const run = (...words: string[]) => program([...words, '--dir', 'policy']);
  assert.is((await run('revoke', 'under')).status, 0);
  const all = await run('crl', '--json');
  assert.is(all.status, 0, all.stderr);
  assert.is(JSON.parse(all.stdout).lists.length, 9);
  const text = tool(
    'openssl',
    ['crl', '-in', 'policy.crl', '-CAfile', 'policy.cert', '-verify', '-noout', '-text'],
    join(folder, 'policy'),
  );
  assert.match(text, /Revoked Certificates:\n {4}Serial Number: [0-9A-F]+\n/);
  const issued = await run('issue', 'policy', 'x');
  assert.is(issued.status, 2);
  assert.match(issued.stderr, /policy issues nothing to requests: .*\n.* add a section \[issued\] to policy\.ini/);

  const file = join(folder, 'policy/.pki/policy.cnf');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\[ca\].*/ms, ''));
  const others = await run('crl', '--json');
  assert.is(others.status, 0, others.stderr);
  assert.is(JSON.parse(others.stdout).lists.length, 8);
  assert.match(
    others.stderr,
    /^trustme-pki: no list of policy: its configuration "\.pki\/policy\.cnf" has no section \[ca\]; .*--conf FOLDER\n$/,
  );
  const number = readFileSync(join(folder, 'policy/.pki/gen_rootca/crlnumber'), 'latin1');
  const named = await run('crl', 'gen_rootca', 'policy');
  assert.is(named.status, 1);
  assert.match(
    named.stderr,
    /error: no list of policy: .*\n.*hint: give the folder that it was made with.*--conf FOLDER\n$/,
  );
  assert.is(
    readFileSync(join(folder, 'policy/.pki/gen_rootca/crlnumber'), 'latin1'),
    number,
    'no list was made before',
  );
  assert.is((await run('crl', 'policy', '--conf', conf)).status, 0);
});

test.run();
