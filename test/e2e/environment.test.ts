// What the host says changes nothing: its openssl.cnf, locale, umask and clock zone; and no secret leaves its variable.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, DOOR, door, isMissing, MAIN, scratch, start, tool } from '../helpers/door.ts';

const EC = 'ec:prime256v1';
const test = suite('environment');
const folder = scratch();
const modes = (out: string) =>
  readdirSync(out, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(
      entry =>
        `${(statSync(join(entry.parentPath, entry.name)).mode & 0o777).toString(8)} ${join(entry.parentPath, entry.name).slice(out.length)}`,
    )
    .filter(line => !line.endsWith('.pem'))
    .sort();

test("the host's openssl.cnf, OPENSSL_CONF and locale change nothing", async () => {
  const cnf = join(folder, 'hostile.cnf');
  writeFileSync(cnf, '[req]\nx509_extensions = evil\ndefault_md = md5\n[evil]\nbasicConstraints = CA:FALSE\n[broken\n');
  const out = join(folder, 'hostile');
  const { status, stderr } = await door([out, EC], {
    OPENSSL_CONF: cnf,
    LC_ALL: 'tr_TR.UTF-8',
    LANG: 'de_DE',
    TZ: 'Pacific/Apia',
    DO_PLATFORM_KEYS: 'y',
  });
  assert.is(status, 0, stderr);
  const text = tool('openssl', ['x509', '-in', 'PK.crt', '-noout', '-text'], out);
  assert.match(text, /Basic Constraints: critical\s+CA:TRUE/);
  assert.match(text, /ecdsa-with-SHA256/);
});

test('certificates that Node.js would read for TLS are not looked at', async () => {
  const { status, stderr } = await door([join(folder, 'sites'), EC, '--quiet'], {
    NODE_EXTRA_CA_CERTS: join(folder, 'missing'),
  });
  // It warns of a file that it cannot read.
  assert.equal({ status, stderr }, { status: 0, stderr: '' });
});

test('modes do not depend on the umask, and keys are 0600', async () => {
  const results = [];
  for (const umask of ['000', '022', '077']) {
    const out = join(folder, `umask-${umask}`);
    const { status, stderr } = await start('bash', ['-c', `umask ${umask}; exec bash '${DOOR}' '${out}' ${EC}`], {
      env: cleanEnvironment({ DO_PLATFORM_KEYS: 'y' }),
    }).ended;
    assert.is(status, 0, stderr);
    results.push(modes(out));
  }
  assert.equal(results[0], results[1]);
  assert.equal(results[1], results[2]);
  assert.ok(results[0]!.every(line => /^(600|644) /.test(line)));
  assert.ok(results[0]!.filter(line => /\.key$|signing_key\.pem$/.test(line)).every(line => line.startsWith('600 ')));
});

/**
 * The system calls of a command and its children, a line each. A file a process (-ff): in one file, the calls of
 * processes that run side by side would cut each other in two.
 */
async function trace(calls: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const traces = mkdtempSync(join(folder, 'trace-'));
  const args = ['-ff', '-v', '-y', '-s', '4096', '-e', `trace=${calls}`, '-o', join(traces, 'of'), ...words];
  const { status, stderr } = await start('strace', args, { env: cleanEnvironment(environment) }).ended;
  assert.is(status, 0, stderr);
  return readdirSync(traces).flatMap(name => readFileSync(join(traces, name), 'utf8').split('\n'));
}

test('keys are opened with mode 0600, and no passphrase is in any argv or environment that does not need it', async () => {
  if (isMissing('strace')) return;
  const out = join(folder, 'traced');
  const lines = await trace('execve,openat,open,creat', ['bash', DOOR, out, EC], {
    GYROIDOS_TEST_PASSWD_PKI: 'sesame-4711',
  });
  const opened = lines.filter(line => /open(at)?\(.*(\.key|signing_key\.pem)"/.test(line) && line.includes('O_CREAT'));
  assert.ok(opened.length >= 13, `${opened.length} keys`);
  for (const line of opened) assert.match(line, /, 0600[ )]/);
  const execs = lines.filter(line => /execve\(.*"(openssl|sync|flock)"/.test(line) && / = 0$/.test(line));
  assert.ok(execs.length > 15);
  for (const line of execs) {
    const [, argv = '', environment = ''] = /execve\("[^"]*", (\[.*?\]), (\[.*\])/.exec(line) ?? [];
    assert.not.match(argv, /sesame/);
    if (!argv.includes('env:GYROIDOS')) assert.not.match(environment, /sesame/);
  }
  assert.is(execs.filter(line => /"openssl"/.test(line) && line.includes('sesame')).length > 0, true);
});

test('nothing is written outside OUT_DIR, its lock and its staging directory', async () => {
  if (isMissing('strace')) return;
  const parent = join(folder, 'writes');
  mkdirSync(parent);
  const calls = 'openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,linkat';
  const out = join(parent, 'out');
  const lines = await trace(calls, [process.execPath, MAIN, 'generate', '--dir', out, '--key-type', EC]);
  const written = lines
    .filter(line => !/ = -1 |\?/.test(line) && (/O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/.test(line) || !/open/.test(line)))
    .filter(
      line =>
        !/\/dev\/(null|tty)|\/proc\/|anon_inode|pipe:/.test(line) && /\(/.test(line) && !/(exited|SIG)/.test(line),
    );
  assert.ok(written.length > 50, `${written.length} writing calls`);
  const strays = written.filter(line => !line.includes(parent));
  assert.equal(strays, []);
});

test('a source tree that cannot be written is no obstacle', async () => {
  const copy = join(folder, 'tree');
  tool(
    'sh',
    [
      '-c',
      `mkdir '${copy}' && cp -a dist openssl-conf templates scripts package.json package-lock.json '${copy}' && find '${copy}' -exec touch -r dist/main.cjs {} + && chmod -R a-w '${copy}'`,
    ],
    join(DOOR, '../..'),
  );
  const before = tool('sh', ['-c', `find '${copy}' | sort`]);
  const { status, stderr } = await start('bash', [
    join(copy, 'scripts/gen_dev_certs.sh'),
    join(folder, 'from-read-only'),
    EC,
  ]).ended;
  assert.is(status, 0, stderr);
  assert.is(tool('sh', ['-c', `find '${copy}' | sort`]), before);
  chmodSync(copy, 0o755);
  tool('chmod', ['-R', 'u+w', copy]);
});

test('a clock in the past gives certificates of that time', async () => {
  if (isMissing('faketime')) return;
  const out = join(folder, 'past');
  const { status, stderr } = await start('faketime', [
    '2021-02-03 04:05:06',
    process.execPath,
    MAIN,
    'generate',
    '--dir',
    out,
    '--key-type',
    EC,
    '--platform-keys',
  ]).ended;
  assert.is(status, 0, stderr);
  assert.match(tool('openssl', ['x509', '-in', 'ssig.cert', '-noout', '-startdate'], out), /Feb {2}3 .* 2021/);
});

test('a limit of the process is named with the command that raises it, and nothing is left', async () => {
  const parent = join(folder, 'limits');
  mkdirSync(parent);
  for (const [option, limit, reason] of [
    ['-n', 30, /cannot start ".*": too many files are open \(EMFILE\)/],
    ['-f', 1, /cannot write: the file is larger than it may be \(EFBIG\)/],
  ] as const) {
    const { status, stderr } = await start('bash', [
      '-c',
      `ulimit ${option} ${limit}; exec bash '${DOOR}' '${parent}/out' ${EC}`,
    ]).ended;
    assert.is(status, 1, option);
    assert.match(stderr, reason);
    assert.match(stderr, `hint: raise the limit: ulimit ${option}`);
    assert.equal(readdirSync(parent), ['out.genlock']);
  }
});

test('the scripts may be started by a shell that is no bash', async () => {
  const out = join(folder, 'by-sh');
  const scripts = join(DOOR, '..');
  for (const words of [
    [DOOR, out, EC],
    [join(scripts, 'cml_gen_dev_certs'), out, EC],
    [join(scripts, 'trustme-pki'), '--version'],
    [join(scripts, 'sign_config.sh'), '--help'],
  ]) {
    const { status, stderr } = await start('sh', words).ended;
    assert.is(status, 0, stderr);
  }
});

test('words that are no UTF-8 text are refused: they would name another folder, or another subject', async () => {
  const parent = join(folder, 'latin');
  mkdirSync(parent);
  for (const words of [`$'M\\xfcller' ${EC}`, `out ${EC} --brand $'M\\xfcller'`]) {
    const { status, stderr } = await start('bash', ['-c', `exec bash '${DOOR}' ${words}`], { cwd: parent }).ended;
    assert.is(status, 2, words);
    assert.match(stderr, /error: "M\ufffdller" is no UTF-8 text .*\n.*hint: give it in UTF-8/);
    assert.equal(readdirSync(parent), []);
  }
});

test('where nothing can be printed, the work is done all the same, and what was lost is told', async () => {
  const shell = (line: string) =>
    start('sh', ['-c', line, 'sh', process.execPath, MAIN, DOOR], { cwd: folder, env: cleanEnvironment() }).ended;
  for (const [name, redirection] of [
    ['closed', '2>&-'],
    ['full', '2>/dev/full'],
  ])
    assert.is((await shell(`"$3" mute-${name} ${EC} ${redirection}`)).status, 0, name);
  const lost = await shell(`"$1" "$2" list backend_subca --dir mute-full >/dev/full`);
  assert.is(lost.status, 1);
  assert.match(lost.stderr, /cannot write to standard output: the disk is full \(ENOSPC\)/);
  const early = await shell(`"$1" "$2" list backend_subca --dir mute-full | :`);
  assert.is(early.stderr, '');
  assert.equal(
    readdirSync(folder).filter(file => file.startsWith('mute-') && file.includes('staging')),
    [],
  );
});

test('a Node.js that is too old for the program is named by the part that it can read', () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '16.20.2' }); require(${JSON.stringify(MAIN)})`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', old], { encoding: 'utf8' });
  assert.is(status, 1);
  assert.is(stdout, '');
  assert.match(
    stderr,
    /^trustme-pki: error: Node\.js 16\.20\.2 is too old: 20 or later is needed\ntrustme-pki: hint: .*\n$/,
  );
});

test.run();
