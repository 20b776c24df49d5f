// Bad input: one clear error, exit 1 or 2, nothing left behind, and the next run works.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DOOR, door, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { inOwnMounts } from '../helpers/own-mounts.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('bad input');
const folder = scratch();

/** [what, arguments, environment, exit, message and hint]; OUT stands for a path that is free. */
const CASES: [string, string[], NodeJS.ProcessEnv, number, RegExp][] = [
  ['unknown algorithm', ['OUT', 'rot13'], {}, 2, /unknown key type "rot13".*\n.*hint: give rsa:BITS/],
  ['an algorithm that cannot sign', ['OUT', 'x25519'], {}, 2, /unknown key type "x25519"/],
  [
    'a curve that takes a digest of its own alone',
    ['OUT', 'ec:SM2'],
    {},
    2,
    /signs nothing with sha256 by a key of type "ec:SM2"\n.*hint: give/,
  ],
  ['the same as an algorithm', ['OUT', 'SM2'], {}, 2, /signs nothing without a digest by a key of type "sm2"/],
  ['unknown curve', ['OUT', 'ec:secp384r2'], {}, 2, /unknown curve "secp384r2"\n.*did you mean "ec:secp384r1"/],
  ['ec without a curve', ['OUT', 'ec'], {}, 2, /unknown key type "ec"/],
  ['RSA size that is no number', ['OUT', 'rsa:abc'], {}, 2, /unknown RSA key size in "rsa:abc"/],
  ['RSA below 2048', ['OUT', 'rsa:1024'], {}, 2, /1024 bits are too weak.*\n.*--force-weak/],
  ['RSA beyond openssl', ['OUT', 'rsa:99999'], {}, 2, /unknown RSA key size/],
  ['weak curve', ['OUT', 'ec:secp112r1'], {}, 2, /112 bits is too weak/],
  ['KEY_SIZE that is no number', ['OUT'], { KEY_SIZE: '4k' }, 2, /KEY_SIZE "4k" is no number/],
  ['KEY_SIZE too small', ['OUT'], { KEY_SIZE: '1024' }, 2, /1024 bits are too weak/],
  [
    'unknown option',
    ['OUT', '--platform-key'],
    {},
    2,
    /unknown option "--platform-key"\n.*did you mean "--platform-keys"/,
  ],
  [
    'a third argument',
    ['OUT', 'ec:prime256v1', 'more'],
    {},
    2,
    /unexpected argument "more"\n.*usage: gen_dev_certs.sh \[OUT_DIR \[KEY_TYPE\]\]/,
  ],
  ['an empty OUT_DIR', ['', 'ed25519'], {}, 2, /OUT_DIR is an empty string/],
  ['the root directory', ['/', 'ed25519'], {}, 2, /root directory/],
  ['a parent that is missing', ['OUT/a/b', 'ed25519'], {}, 1, /does not exist\n.*mkdir -p/],
  [
    'UEFI keys that firmware cannot use',
    ['OUT', 'ed25519'],
    { DO_PLATFORM_KEYS: 'y' },
    1,
    /UEFI platform keys cannot be ed25519 keys/,
  ],
  ['no jobs', ['OUT', 'ed25519', '--jobs', '0'], {}, 2, /--jobs "0"/],
  ['an empty brand', ['OUT', 'ed25519', '--brand', ''], {}, 2, /--brand is empty/],
  [
    'a brand that breaks out of its line',
    ['OUT', 'ed25519', '--brand', 'x\n[req]'],
    {},
    2,
    /--brand "x\\u000a\[req\]" .*\n.*hint: give no control character/,
  ],
  [
    'a passphrase that openssl would cut',
    ['OUT', 'ed25519'],
    { GYROIDOS_TEST_PASSWD_PKI: 'x'.repeat(1025) },
    1,
    /the passphrase in GYROIDOS_TEST_PASSWD_PKI has 1025 bytes, and openssl reads 1024\n.*hint: export a shorter/,
  ],
  [
    'a configuration folder that is missing',
    ['OUT', 'ed25519', '--conf', '/nowhere'],
    {},
    1,
    /cannot read the configuration folder "\/nowhere"/,
  ],
  [
    'a configuration folder that is none',
    ['OUT', 'ed25519', '--conf', '/proc/self/fdinfo'],
    {},
    1,
    /"\/proc\/self\/fdinfo" holds neither ini files nor templates\n.*init-conf/,
  ],
];

for (const [what, words, environment, exit, expected] of CASES)
  test(`${what} is refused`, async () => {
    const parent = join(folder, what.replaceAll(/[^a-zA-Z0-9]/g, '-'));
    mkdirSync(parent);
    const { status, stdout, stderr } = await door(
      words.map(word => word.replace('OUT', join(parent, 'out'))),
      environment,
    );
    assert.is(status, exit, stderr);
    assert.match(stderr, expected);
    assert.match(stderr, /^trustme-pki: error: /m);
    assert.not.match(stderr, / at .*\.[ct]js|bug of trustme-pki/);
    assert.is(stdout, '');
    assert.equal(
      readdirSync(parent).filter(name => !name.endsWith('.genlock')),
      [],
    );
  });

test('a lock that is a directory or a link is refused', async () => {
  mkdirSync(join(folder, 'held.genlock'));
  symlinkSync('/nowhere', join(folder, 'linked.genlock'));
  for (const name of ['held', 'linked']) {
    const { status, stderr } = await door([join(folder, name), 'ed25519']);
    assert.is(status, 1);
    assert.match(stderr, /the lock ".*" is not a regular file\n.*remove it/);
  }
});

test('a directory in which the caller may not write is refused, a complete PKI in it is found', async () => {
  if (process.getuid?.() !== 0) return void console.log('skipped: needs root to become somebody else');
  const parent = join(folder, 'foreign');
  mkdirSync(parent);
  assert.is((await door([join(parent, 'pki'), 'ed25519'])).status, 0);
  tool('chmod', ['-R', 'a+rX', folder]);
  const refused = await asNobody('--dir', join(parent, 'new'), '--key-type', 'ed25519');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /cannot write in ".*foreign": permission denied \(EACCES\)/);
  const found = await asNobody('--dir', join(parent, 'pki'));
  assert.is(found.status, 0, found.stderr);
  assert.match(found.stdout, /already generated/);
});

test('a PKI of another user that the caller may not enter is no complete one, and its lock is named', async () => {
  if (process.getuid?.() !== 0) return void console.log('skipped: needs root to become somebody else');
  const parent = join(folder, 'shared');
  mkdirSync(parent);
  chmodSync(parent, 0o777);
  const out = join(parent, 'pki');
  mkdirSync(join(out, '.pki'), { recursive: true, mode: 0o700 });
  tool('chmod', ['a+rx', folder]);
  const closed = await asNobody('--dir', out);
  assert.is(closed.status, 1, closed.stdout);
  assert.match(
    closed.stderr,
    /cannot look into ".*shared\/pki": permission denied \(EACCES\)\n.*hint: run as its owner/,
  );
  rmSync(`${out}.genlock`);
  writeFileSync(`${out}.genlock`, '', { mode: 0o600 });
  for (const mode of [0o700, 0o755]) {
    chmodSync(out, mode);
    const locked = await asNobody('--dir', out, '--platform-keys');
    assert.is(locked.status, 1, locked.stdout);
    assert.match(
      locked.stderr,
      /cannot open the lock ".*pki\.genlock": permission denied \(EACCES\)\n.*hint: it is that of another user/,
    );
  }
});

const asNobody = (...words: string[]) =>
  start('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'node', copyOfMain(), 'generate', ...words])
    .ended;

test('a configuration file that the caller may not read is named', async () => {
  if (process.getuid?.() !== 0) return void console.log('skipped: needs root to become somebody else');
  const conf = join(folder, 'closed');
  mkdirSync(conf);
  writeFileSync(join(conf, 'defaults.ini'), 'brand = x\n', { mode: 0o600 });
  tool('chmod', ['a+rx', folder]);
  const words = ['node', copyOfMain(), 'show', '--conf', conf];
  const refused = await start('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...words]).ended;
  assert.is(refused.status, 1);
  assert.match(
    refused.stderr,
    /cannot read ".*closed\/defaults\.ini" of .*: permission denied \(EACCES\)\n.*hint: make it readable/,
  );
});

/** The built program where everybody may read it. */
function copyOfMain(): string {
  const copy = join(folder, 'program');
  tool(
    'sh',
    ['-c', `mkdir -p '${copy}' && cp -r dist openssl-conf templates package.json '${copy}' && chmod -R a+rX '${copy}'`],
    ROOT,
  );
  return join(copy, 'dist/main.cjs');
}

test('weak keys are made when they are forced', async () => {
  const { status, stderr } = await door([join(folder, 'weak'), 'rsa:1024', '--force-weak']);
  assert.is(status, 0, stderr);
});

/** A folder with links to all tools but one. */
function toolsWithout(missing: RegExp, name: string): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  for (const tool of [
    'bash',
    'node',
    'openssl',
    'flock',
    'sync',
    'cert-to-efi-sig-list',
    'sign-efi-sig-list',
    'readlink',
  ])
    if (!missing.test(tool)) spawnSync('sh', ['-c', `ln -s "$(command -v ${tool})" '${bin}/'`]);
  return bin;
}

for (const [what, missing, environment, expected] of [
  ['openssl', /openssl/, {}, /not found on PATH: openssl\n.*install the package openssl/],
  [
    'efitools',
    /efi/,
    { DO_PLATFORM_KEYS: 'y' },
    /cert-to-efi-sig-list, sign-efi-sig-list\n.*install the package efitools/,
  ],
  ['flock', /flock/, {}, /flock was not found\n.*util-linux/],
] as const)
  test(`without ${what} the error names the package, and no key is made`, async () => {
    const bin = toolsWithout(missing, `bin-${what}`);
    const out = join(folder, `without-${what}`);
    const { status, stderr } = await door([out, 'rsa:2048'], { ...environment, PATH: bin });
    assert.is(status, 1);
    assert.match(stderr, expected);
    assert.not.ok(existsSync(out));
  });

test('EC keys with SHA-3 are made where openssl takes what it signs so; else no key is made', async () => {
  mkdirSync(join(folder, 'sha3'));
  writeFileSync(join(folder, 'sha3/defaults.ini'), 'digest = sha3-256\n');
  const words = ['generate', '--dir', join(folder, 'out-sha3'), '--conf', join(folder, 'sha3')];
  const { status, stderr } = await start(process.execPath, [MAIN, ...words, '--key-type', 'ec:prime256v1']).ended;
  if (status !== 0)
    assert.match(stderr, /sha3\/defaults\.ini:1: digest: found "sha3-256", expected another: .*\n.*sha384/);
  assert.is(existsSync(join(folder, 'out-sha3')), status === 0);
});

test('without efitools and without DO_PLATFORM_KEYS=y all else works', async () => {
  const { status, stderr } = await door([join(folder, 'no-efitools'), 'ed25519'], {
    PATH: toolsWithout(/efi/, 'bin-all-else'),
  });
  assert.is(status, 0, stderr);
});

test('an openssl that is too old is named', async () => {
  const bin = join(folder, 'bin-old');
  mkdirSync(bin);
  writeFileSync(join(bin, 'openssl'), '#!/bin/sh\necho "OpenSSL 1.1.1w  11 Sep 2023"\n', { mode: 0o755 });
  const { status, stderr } = await door([join(folder, 'old'), 'rsa:2048'], { PATH: `${bin}:${process.env.PATH}` });
  assert.is(status, 1);
  assert.match(stderr, /"OpenSSL 1.1.1w" is too old/);
  assert.equal(
    readdirSync(folder).filter(name => name.startsWith('old')),
    ['old.genlock'],
  );
});

test('a full disk is named, nothing is left, and the next run works', () => {
  const script = `mount -t tmpfs -o size=64k tmpfs '${folder}' && bash '${DOOR}' '${folder}/out' ed25519; echo "exit $?"; ls -A '${folder}'; mount -o remount,size=4m '${folder}'; bash '${DOOR}' '${folder}/out' ed25519`;
  const ended = inOwnMounts(script);
  if (!ended) return;
  const { stdout, stderr } = ended;
  assert.match(stderr, /the disk is full/);
  assert.match(stdout, /exit 1\nout.genlock\nPKI generated/);
});

test('a full disk of temporary files is named', () => {
  const small = join(folder, 'full-temporary');
  mkdirSync(small);
  const script = `mount -t tmpfs -o size=4k tmpfs '${small}' && { printf x >'${small}/x'; bash '${DOOR}' '${folder}/of-full' ed25519 --quiet && TMPDIR='${small}' '${process.execPath}' '${MAIN}' verify --dir '${folder}/of-full'; echo "exit $?"; ls -A '${small}'; }`;
  const ended = inOwnMounts(script);
  if (!ended) return;
  const { stdout, stderr } = ended;
  assert.is(stdout, 'exit 1\nx\n', stderr);
  assert.match(stderr, /cannot write in ".*\/full-temporary", where temporary files go: the disk is full \(ENOSPC\)/);
  assert.match(stderr, /hint: make room there, or export TMPDIR/);
});

test('an unknown verb, no verb and a positional directory say what to type', async () => {
  for (const [words, expected] of [
    [['generat'], /unknown verb "generat"\n.*did you mean "generate"/],
    [[], /no verb was given\n.*trustme-pki generate/],
    [['generate', 'pki'], /unexpected "pki"\n.*--dir pki$/m],
  ] as const) {
    const { status, stderr } = await start(process.execPath, [MAIN, ...words]).ended;
    assert.is(status, 2);
    assert.match(stderr, expected);
  }
});

test('commands in hints can be pasted, whatever stands in a path', async () => {
  const own = join(folder, "it's pasted");
  mkdirSync(join(own, "it's empty"), { recursive: true });
  const inOwn = programIn(own);
  /** What a shell makes of the command after `hint: `, but for what is `around` it, as words. */
  const pasted = (text: string, around: RegExp): string[] => {
    const command = /hint: (.*)$/m.exec(text)![1]!.replace(around, '');
    return tool('sh', ['-c', `printf '%s\\n' ${command}`])
      .trimEnd()
      .split('\n');
  };
  const hints = async (words: readonly string[], expected: readonly string[], around = /$/) => {
    const { status, stdout, stderr } = await inOwn.run(...words);
    assert.is.not(status, 0);
    assert.equal(pasted(stdout + stderr, around), expected);
  };
  const PKI = "it's a $PKI";
  const GENERATE = ['trustme-pki', 'generate'];
  await hints(['crl', '--dir', "it's empty"], [...GENERATE, '--dir', "it's empty"], / makes them$/);
  await hints(['generate', PKI], ['--dir', PKI], /^the directory is an option: /);
  await hints(['graph', PKI], ['--dir', PKI], /^the directory is an option: /);
  await hints(['generate', '--dir', "it's/new"], ['mkdir', '-p', join(own, "it's")]);
  await inOwn.succeed('generate', '--dir', PKI, '--key-type', 'ec:prime256v1', '--quiet');
  await hints(['uefi', 'add', 'db', '00'.repeat(32), '--dir', PKI], [...GENERATE, '--platform-keys', '--dir', PKI]);
  await inOwn.succeed('request', 'device_subca', '--dir', 'awaited pki', '--key-type', 'ec:prime256v1', '--quiet');
  await hints(
    ['generate', '--dir', 'awaited pki'],
    ['trustme-pki', 'import', 'device_subca', 'CERT', '--dir', join(own, 'awaited pki')],
  );
  writeFileSync(join(own, PKI, '.pki/journal.json'), 'half');
  await hints(['verify', PKI], [...GENERATE, '--dir', join(own, PKI)], / finishes it$/);
});

test('help and version go to stdout with exit 0', async () => {
  const version = [['--version'], ['list', '--version'], ['uefi', 'add', '--dir', 'x', '--version', 'db']];
  for (const words of [['--help'], ['generate', '--help'], ['gen_dev_certs.sh', 'x', '--help'], ...version]) {
    const { status, stdout, stderr } = await start(process.execPath, [MAIN, ...words]).ended;
    assert.is(status, 0);
    assert.is(stderr, '');
    assert.match(stdout, words.includes('--version') ? /^\d+\.\d+\.\d+\n$/ : /usage/);
  }
  const named = await start(process.execPath, [MAIN, 'list', 'CA', '--', '--version']).ended;
  assert.match(named.stderr, /unexpected "--version"/);
});

test.run();
