// Each state of OUT_DIR and what it leads to: the table of the contract.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
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
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DOOR, door, leftovers, ROOT, scratch, start, tool, WRAPPER } from '../helpers/door.ts';
import { inOwnMounts } from '../helpers/own-mounts.ts';
import { runProgram } from '../helpers/program.ts';

const EC = 'ec:prime256v1';
const test = suite('states of OUT_DIR');
const folder = scratch();
let count = 0;
/** A path of its own for each case. */
const fresh = (name: string): string => {
  const parent = join(folder, `case-${++count}`);
  mkdirSync(parent);
  return join(parent, name);
};
/** Names, modes and contents of a tree as one text. */
const snapshot = (path: string): string =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => {
      const file = join(entry.parentPath, entry.name);
      return `${file.slice(path.length)} ${statSync(file).mode & 0o777} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    })
    .sort()
    .join('\n');

const whole = join(folder, 'whole');
test.before(async () => {
  assert.is((await door([whole, EC], { DO_PLATFORM_KEYS: 'y' })).status, 0);
  for (const name of ['script-2021-rsa4096-uefi', 'script-2026-ec', 'script-2026-rsa2048-uefi'])
    execFileSync('tar', ['xzf', join(ROOT, `test/fixtures/directories/${name}.tar.gz`), '-C', folder]);
});
const copyOf = (source: string, remove: RegExp = /^$/): string => {
  const out = fresh('out');
  cpSync(source, out, { recursive: true });
  for (const name of readdirSync(out)) if (remove.test(name)) rmSync(join(out, name), { recursive: true });
  return out;
};
const PLATFORM = /^(PK|KEK|DB|ssig_subca)\.(key|crt|esl|auth|cer)$/;
const WITHOUT_PLATFORM = /^((PK|KEK|DB)\.|_DB|ssig_subca\.esl)/;

test('a directory that lacks entities of --conf: a warning names them, and nothing is made', async () => {
  const conf = fresh('conf');
  mkdirSync(conf);
  writeFileSync(
    join(conf, 'backend2.ini'),
    'issuer = backend_subca\n[subject]\ncommonName = Two\n[certificate]\ndays = 30\nbasicConstraints = critical, CA:FALSE\n',
  );
  const out = copyOf(whole);
  const before = snapshot(out);
  const { status, stdout, stderr } = await door([out, EC, '--conf', conf]);
  assert.is(status, 0);
  assert.match(stdout, /already generated/);
  assert.match(
    stderr,
    /warning: ".*out" is there, and has no backend2: .*\n.*hint: trustme-pki plan --diff --dir \S+ --conf \S/,
  );
  assert.is((await door([out, EC, '--conf', conf, '--quiet'])).stderr, '');
  writeFileSync(join(conf, 'backend2.ini'), 'isuer = x\n');
  assert.match((await door([out, EC, '--conf', conf])).stderr, /warning: the configuration was not compared with/);
  assert.is(snapshot(out), before);
});

test('a directory: nothing is generated or overwritten', async () => {
  const before = snapshot(whole);
  const { status, stdout } = await door([whole, 'rsa:4096'], { DO_PLATFORM_KEYS: 'y' });
  assert.is(status, 0);
  assert.match(stdout, /already generated/);
  assert.is(snapshot(whole), before);
});

test('a directory that lacks derived exports gets them, and only them', async () => {
  const out = copyOf(whole, /^(certs|PK\.cer)$/);
  const before = snapshot(out);
  assert.match((await door([out])).stdout, /already generated/);
  assert.is(
    readFileSync(join(out, 'certs/signing_key.x509')).equals(readFileSync(join(whole, 'certs/signing_key.x509'))),
    true,
  );
  assert.is(
    readFileSync(join(out, 'certs/signing_key.pem')).equals(readFileSync(join(whole, 'certs/signing_key.pem'))),
    true,
  );
  assert.is(statSync(join(out, 'certs/signing_key.pem')).mode & 0o777, 0o600);
  assert.is(readFileSync(join(out, 'PK.cer')).equals(readFileSync(join(whole, 'PK.cer'))), true);
  for (const line of before.split('\n')) assert.ok(snapshot(out).includes(line), line);
});

test('a key without a final newline gets an export that openssl reads, and an empty one is refused', async () => {
  const out = copyOf(whole, /^certs$/);
  const key = join(out, 'ssig_subca.key');
  writeFileSync(key, readFileSync(key, 'latin1').trimEnd());
  assert.is((await door([out])).status, 0);
  for (const kind of ['x509', 'pkey']) tool('openssl', [kind, '-in', 'certs/signing_key.pem', '-noout'], out);
  // What such a key got before.
  const file = join(out, 'certs/signing_key.pem');
  writeFileSync(file, readFileSync(file, 'latin1').replace('-----\n-----', '----------'));
  assert.match((await runProgram(['verify', out], folder)).stdout, /signing_key\.pem.*\[export-mismatch\]/);
  rmSync(join(out, 'certs'), { recursive: true });
  writeFileSync(key, '');
  const { status, stderr } = await door([out]);
  assert.is(status, 1);
  assert.match(stderr, /ssig_subca\.key" holds no private key in PEM\n.*hint: restore/);
  assert.not(existsSync(file));
});

test('exports with a private key are not written through a folder that is a link', async () => {
  const out = copyOf(whole, /^(certs|PK\.cer)$/);
  const elsewhere = fresh('www');
  symlinkSync(elsewhere, join(out, 'certs'));
  for (const make of [() => {}, () => mkdirSync(elsewhere)]) {
    make();
    const { status, stderr } = await door([out]);
    assert.is(status, 1);
    assert.match(stderr, /"certs" is a symbolic link: nothing is written through it/);
    assert.not(existsSync(join(out, 'PK.cer')));
  }
  assert.equal(readdirSync(elsewhere), []);
});

test('a pipe in the place of a key keeps nobody waiting', async () => {
  const out = copyOf(whole, /^(certs|ssig_subca\.key)$/);
  execFileSync('mkfifo', [join(out, 'ssig_subca.key')]);
  const { status, stderr } = await start('bash', [DOOR, out], { timeout: 20_000, killSignal: 'SIGKILL' }).ended;
  assert.is(status, 1, stderr);
  assert.match(stderr, /ssig_subca\.key" is no file/);
});

test('callers side by side by different links to one release PKI all find its exports', async () => {
  const release = copyOf(whole, /^(certs|PK\.cer)$/);
  const links = Array.from({ length: 3 }, () => fresh('link'));
  for (const link of links) symlinkSync(release, link);
  for (let round = 0; round < 4; round++) {
    for (const name of ['certs', 'PK.cer']) rmSync(join(release, name), { recursive: true, force: true });
    for (const { status, stderr } of await Promise.all(links.map(link => door([link])))) assert.is(status, 0, stderr);
    assert.equal(readdirSync(join(release, 'certs')).sort(), ['signing_key.pem', 'signing_key.x509']);
  }
  // The draft of a process that is gone.
  writeFileSync(join(release, 'certs/.signing_key.pem.trustme-pki.4194305'), 'key');
  assert.is((await door([links[0]!])).status, 0);
  assert.equal(readdirSync(join(release, 'certs')).sort(), ['signing_key.pem', 'signing_key.x509']);
});

test('an empty directory is left as it is, with a warning that it holds no PKI', async () => {
  const out = fresh('out');
  mkdirSync(out);
  const { status, stdout, stderr } = await door([out, EC]);
  assert.is(status, 0);
  assert.match(stdout, /already generated/);
  assert.match(stderr, /holds no PKI/);
  assert.equal(readdirSync(out), []);
});

test('without DB.auth and with DO_PLATFORM_KEYS=y the platform keys are added, the rest stays', async () => {
  const out = fresh('out');
  assert.is((await door([out, EC])).status, 0);
  const before = snapshot(out)
    .split('\n')
    .filter(line => !line.includes('manifest'));
  const { status, stdout, stderr } = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
  assert.is(status, 0, stderr);
  assert.match(stdout, /UEFI platform keys added/);
  const after = snapshot(out);
  for (const line of before) assert.ok(after.includes(line), line);
  assert.equal(
    readdirSync(out).filter(name => PLATFORM.test(name)),
    readdirSync(whole).filter(name => PLATFORM.test(name)),
  );
  const manifest = JSON.parse(readFileSync(join(out, '.pki/manifest.json'), 'utf8'));
  assert.equal(Object.keys(manifest.entities).length, 15);
  assert.ok(readFileSync(join(out, 'DB.auth')).includes(readFileSync(join(out, 'certs/signing_key.x509'))));
  assert.equal(leftovers(join(out, '..')), []);
  assert.match((await door([out], { DO_PLATFORM_KEYS: 'y' })).stdout, /already generated/);
});

test('the second phase keeps the brand, and may have another key type: the directory stays sound and renewable', async () => {
  const out = fresh('out');
  assert.is((await door([out, EC, '--brand', 'Acme'])).status, 0);
  const { status, stderr } = await door([out, 'ec:secp384r1', '--brand', 'Other'], { DO_PLATFORM_KEYS: 'y' });
  assert.is(status, 0, stderr);
  assert.match(stderr, /warning: ".*" has the brand "Acme" and keeps it/);
  const old = copyOf(join(folder, 'script-2026-ec'), WITHOUT_PLATFORM);
  assert.is((await door([old, 'ec:secp384r1'], { DO_PLATFORM_KEYS: 'y' })).status, 0);
  for (const dir of [out, old]) {
    const run = (...words: string[]) => runProgram(words, folder);
    assert.not.match((await run('verify', dir)).stdout, /configuration-differs/);
    const renewed = await run('renew', 'backend', '--dir', dir);
    assert.is(renewed.status, 0, renewed.stderr);
    assert.not.match((await run('verify', dir)).stdout, /configuration-differs/);
  }
});

for (const name of ['script-2021-rsa4096-uefi', 'script-2026-ec', 'script-2026-rsa2048-uefi'])
  test(`${name}: a directory of the old script gets its second phase`, async () => {
    const out = copyOf(join(folder, name), WITHOUT_PLATFORM);
    const before = snapshot(out);
    const { status, stdout, stderr } = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
    assert.is(status, 0, stderr);
    assert.match(stdout, /UEFI platform keys added/);
    for (const line of before.split('\n')) assert.ok(snapshot(out).includes(line), line);
    assert.ok(
      existsSync(join(out, 'DB.auth')) &&
        existsSync(join(out, 'PK.cer')) &&
        existsSync(join(out, 'certs/signing_key.pem')),
    );
    assert.match((await door([copyOf(join(folder, name))])).stdout, /already generated/);
  });

for (const platformKeys of ['', 'y'])
  test(`a symbolic link with DO_PLATFORM_KEYS="${platformKeys}": only missing exports are added`, async () => {
    const target = copyOf(whole, /^(certs|(PK|KEK|DB)\..*)$/);
    const link = fresh('link');
    symlinkSync(target, link);
    const { status, stdout } = await door([`${link}/`, EC], { DO_PLATFORM_KEYS: platformKeys });
    assert.is(status, 0);
    assert.match(stdout, /only deriving exports/);
    assert.equal(readdirSync(join(target, 'certs')).sort(), ['signing_key.pem', 'signing_key.x509']);
    assert.not.ok(existsSync(join(target, 'DB.auth')));
  });

test('a release PKI without private keys gets the public export only', async () => {
  const target = copyOf(whole, /^(certs|.*\.key)$/);
  const link = fresh('link');
  symlinkSync(target, link);
  assert.is((await door([link])).status, 0);
  assert.equal(readdirSync(join(target, 'certs')), ['signing_key.x509']);
});

test('a dangling link is an error and stays', async () => {
  const link = fresh('link');
  symlinkSync('/nowhere/at/all', link);
  const { status, stderr } = await door([link, EC]);
  assert.is(status, 1);
  assert.match(stderr, /dangling symbolic link/);
  assert.equal(readdirSync(join(link, '..')).sort(), ['link', 'link.genlock']);
});

test('a stale file is removed, then everything is generated', async () => {
  const out = fresh('out');
  writeFileSync(out, 'stale');
  const { status, stdout, stderr } = await door([out, EC]);
  assert.is(status, 0);
  assert.match(stdout + stderr, /Removing stale non-directory/);
  assert.ok(existsSync(join(out, 'ssig_rootca.cert')));
});

test('a name or a path without room for what is made beside or in it is refused, and nothing is left', async () => {
  const parent = dirname(fresh('x'));
  const deep = join(parent, ...Array<string>(18).fill('d'.repeat(199)));
  mkdirSync(deep, { recursive: true });
  for (const [folder, name, reason] of [
    [parent, 'n'.repeat(245), /error: the name "n+" is too long\n/],
    [deep, 'out', /error: the path ".*\/out" is too long: more than 3584 bytes\n/],
  ] as const) {
    const { status, stderr } = await door([join(folder, name), EC]);
    assert.is(status, 1);
    assert.match(stderr, reason);
    assert.match(stderr, /hint: choose a shorter OUT_DIR/);
    assert.equal(leftovers(folder), []);
  }
});

test('a pipe in the place of OUT_DIR, as a device would be, is refused and stays', async () => {
  const out = fresh('out');
  tool('mkfifo', [out]);
  const { status, stderr } = await door([out, EC]);
  assert.is(status, 1);
  assert.match(stderr, /error: ".*" is a device, a pipe or a socket, no directory/);
  assert.ok(lstatSync(out).isFIFO());
});

for (const [name, typed, cwd] of [
  ['a relative path', 'out', true],
  ['blanks and quotes in the path', `a b'"$x`, true],
  ['a trailing slash', 'out///', true],
  ['dots in the path', './x/../out', true],
] as const)
  test(`${name} works`, async () => {
    const parent = join(fresh('x'), '..');
    mkdirSync(join(parent, 'x'));
    const { status, stderr } = await door([typed, EC], {}, cwd ? { cwd: parent } : {});
    assert.is(status, 0, stderr);
    assert.ok(existsSync(join(parent, typed, 'ssig_rootca.cert')));
    assert.equal(leftovers(parent), []);
  });

test('DB.auth without its keys is refused with DO_PLATFORM_KEYS=y, and warned of without', async () => {
  const out = copyOf(whole, /^(PK|KEK|DB)\.key$/);
  const refused = await door([out], { DO_PLATFORM_KEYS: 'y' });
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /has DB.auth but lacks PK.key, KEK.key, DB.key/);
  const warned = await door([out]);
  assert.is(warned.status, 0);
  assert.match(warned.stderr, /warning: .* lacks PK.key/);
});

test('what another tool left of a second phase is never overwritten', async () => {
  const out = copyOf(whole, /^DB\.auth$/);
  const before = snapshot(out);
  const { status, stderr } = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
  assert.is(status, 1);
  assert.match(stderr, /PK.key.*nothing is overwritten/s);
  assert.is(snapshot(out), before);
});

test('platform keys behind links that lead nowhere, on a stick that is away, are never replaced', async () => {
  const out = copyOf(whole);
  const stick = fresh('stick');
  mkdirSync(stick);
  const away = readdirSync(out).filter(name => PLATFORM.test(name) && !/^ssig_subca\.(key|crt|cer|auth)/.test(name));
  for (const name of away) {
    renameSync(join(out, name), join(stick, name));
    symlinkSync(join(stick, name), join(out, name));
  }
  assert.match((await door([out], { DO_PLATFORM_KEYS: 'y' })).stdout, /already generated/);
  renameSync(stick, `${stick}.away`);
  const refused = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /symbolic links that lead nowhere: PK\.key, .*DB\.auth\n.*hint: mount/);
  const warned = await door([out]);
  assert.is(warned.status, 0);
  assert.match(warned.stderr, /warning: .* links that lead nowhere: PK\.key/);
  renameSync(`${stick}.away`, stick);
  assert.equal((await door([out], { DO_PLATFORM_KEYS: 'y' })).status, 0);
  for (const name of away) assert.ok(lstatSync(join(out, name)).isSymbolicLink(), name);
  // One key alone is elsewhere, and there was no second phase.
  const lone = copyOf(whole, WITHOUT_PLATFORM);
  symlinkSync('/nowhere/PK.key', join(lone, 'PK.key'));
  const kept = await door([lone, EC], { DO_PLATFORM_KEYS: 'y' });
  assert.is(kept.status, 1);
  assert.match(
    kept.stderr,
    /lacks DB\.auth but has .*PK\.key.* \(links that lead nowhere: PK\.key\): nothing is overwritten/,
  );
  assert.ok(lstatSync(join(lone, 'PK.key')).isSymbolicLink());
});

test('the wrapper wants DIR and makes the same', async () => {
  const out = fresh('out');
  assert.is((await start('bash', [WRAPPER, out, EC]).ended).status, 0);
  assert.ok(existsSync(join(out, 'ssig_rootca.cert')));
  const { status, stderr } = await start('bash', [WRAPPER]).ended;
  assert.is(status, 2);
  assert.match(stderr, /DIR is missing/);
});

test('KEY_SIZE is honoured where no KEY_TYPE is given', async () => {
  const out = fresh('out');
  assert.is((await door([out], { KEY_SIZE: '2048' })).status, 0);
  assert.match(tool('openssl', ['x509', '-in', 'ssig_rootca.cert', '-noout', '-text'], out), /2048 bit/);
});

/** The door for a user who may not write beside `out`, which is theirs. */
async function doorWithoutLock(out: string, mode = 0o555) {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chmodSync(folder, 0o755);
    execFileSync('chown', ['-R', '65534:65534', out]);
  }
  chmodSync(dirname(out), mode);
  const user = isRoot ? { uid: 65534, gid: 65534 } : {};
  const ended = await start('bash', [DOOR, out, EC], user).ended;
  chmodSync(dirname(out), 0o755);
  return ended;
}

test('a directory that is half replaced is not called generated where its lock cannot be had', async () => {
  const out = copyOf(whole);
  const complete = await doorWithoutLock(out);
  assert.is(complete.status, 0, complete.stderr);
  assert.match(complete.stdout, /already generated/);
  writeFileSync(join(out, '.pki/journal.json'), '{}');
  const { status, stderr } = await doorWithoutLock(out);
  assert.is(status, 1);
  assert.match(
    stderr,
    /a run was stopped while it moved files in\n.*hint: trustme-pki generate --dir '?.*out'?, run by its owner/,
  );
});

test('a complete directory is found also in a folder that may not be read', async () => {
  const { status, stdout, stderr } = await doorWithoutLock(copyOf(whole), 0o333);
  assert.is(status, 0, stderr);
  assert.match(stdout, /already generated/);
});

test('a complete directory is found also where nothing can be written', async () => {
  if (process.getuid?.() === 0) {
    const out = copyOf(whole);
    const mount = join(out, '..');
    // root may write everywhere but on a read-only file system; without one this is checked by the other branch.
    const ended = inOwnMounts(
      `mount --bind '${mount}' '${mount}' && mount -o remount,ro,bind '${mount}' && bash '${ROOT}/scripts/gen_dev_certs.sh' '${out}' | grep 'already generated'`,
    );
    if (ended) assert.is(ended.status, 0, ended.stderr);
    return;
  }
  const out = copyOf(whole);
  chmodSync(join(out, '..'), 0o555);
  const { status, stdout } = await door([out]);
  chmodSync(join(out, '..'), 0o755);
  assert.is(status, 0);
  assert.match(stdout, /already generated/);
});

test('a PKI at a mount point: what would not get into it is not made', async () => {
  const out = copyOf(join(folder, 'script-2026-ec'));
  const before = snapshot(out);
  const script = `mount --bind '${out}' '${out}' && DO_PLATFORM_KEYS=y bash '${ROOT}/scripts/gen_dev_certs.sh' '${out}' ${EC}`;
  const ended = inOwnMounts(script);
  if (!ended) return;
  const { status, stderr } = ended;
  assert.is(status, 1);
  assert.match(stderr, /out" is a mount point: [\s\S]*hint: keep the PKI in a folder of .*\/out\/pki"/);
  assert.not.match(stderr, /keys 1/);
  assert.is(snapshot(out), before);
  assert.equal(leftovers(join(out, '..')), []);
});

test('leftovers of a killed run go, decoys with like names stay', async () => {
  const out = fresh('out');
  const parent = join(out, '..');
  for (const name of ['out.staging.abc123', 'out.staging.notours', 'out.staging.toolongname', 'out.tmp.abcdef']) {
    mkdirSync(join(parent, name, '.pki'), { recursive: true });
    writeFileSync(join(parent, name, 'precious'), '');
  }
  mkdirSync(join(parent, 'out.staging.Killed/.pki'), { recursive: true });
  writeFileSync(join(parent, 'out.staging.Killed/.pki/staging'), '');
  mkdirSync(join(parent, 'out.staging.Empty1'));
  assert.is((await door([out, EC])).status, 0);
  assert.equal(readdirSync(parent).sort(), [
    'out',
    'out.genlock',
    'out.staging.abc123',
    'out.staging.notours',
    'out.staging.toolongname',
    'out.tmp.abcdef',
  ]);
});

test('a published directory works after it was moved', async () => {
  const out = copyOf(whole);
  renameSync(out, `${out}-moved`);
  tool(
    'openssl',
    ['ca', '-config', '.pki/gen_rootca.cnf', '-passin', 'pass:test1234', '-gencrl', '-out', 'x.crl'],
    `${out}-moved`,
  );
});

test.run();
