// Kills, signals and many callers at once: a reader never sees half a PKI, and the next run works.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cleanEnvironment,
  DOOR,
  door,
  leftovers,
  MAIN,
  PLATFORM_FILES,
  scratch,
  start,
  tool,
} from '../helpers/door.ts';

const EC = 'ec:prime256v1';
const KILLS = 30;
const test = suite('interruption');
const folder = scratch();
const pause = (milliseconds: number) => new Promise(done => setTimeout(done, milliseconds));
const base = join(folder, 'base');
const parentOf = (name: string): string => {
  const parent = join(folder, name);
  mkdirSync(parent);
  return parent;
};
/** Every file of a PKI is there and every certificate verifies. */
function assertSound(out: string): void {
  for (const [root, subjects] of [
    ['ssig_rootca', ['ssig_subca', 'ssig']],
    ['gen_rootca', ['device_subca', 'backend']],
  ] as const)
    for (const subject of subjects)
      tool(
        'openssl',
        [
          'verify',
          '-x509_strict',
          '-CAfile',
          `${root}.cert`,
          '-untrusted',
          'ssig_subca.cert',
          '-untrusted',
          'backend_subca.cert',
          `${subject}.cert`,
        ],
        out,
      );
}

/** Processes whose working directory is, or was, below a folder. */
function processesIn(path: string): string[] {
  return readdirSync('/proc').filter(id => {
    try {
      return /^\d+$/.test(id) && readlinkSync(`/proc/${id}/cwd`).startsWith(path);
    } catch {
      return false;
    }
  });
}

test.before(async () => {
  assert.is((await door([base, EC])).status, 0);
});

test('20 callers at once: one generates, the others find it done', async () => {
  const parent = parentOf('callers');
  const out = join(parent, 'out');
  const runs = await Promise.all(Array.from({ length: 20 }, () => door([out, 'rsa:2048'], { DO_PLATFORM_KEYS: 'y' })));
  assert.equal(new Set(runs.map(({ status }) => status)), new Set([0]));
  assert.is(runs.filter(({ stdout }) => stdout.startsWith('PKI generated')).length, 1);
  assert.is(runs.filter(({ stdout }) => /already generated/.test(stdout)).length, 19);
  assertSound(out);
  assert.equal(readdirSync(parent).sort(), ['out', 'out.genlock']);
});

test('20 callers at once of the second phase: one adds the keys', async () => {
  const parent = parentOf('second-callers');
  const out = join(parent, 'out');
  cpSync(base, out, { recursive: true });
  const runs = await Promise.all(Array.from({ length: 20 }, () => door([out, EC], { DO_PLATFORM_KEYS: 'y' })));
  assert.equal(new Set(runs.map(({ status }) => status)), new Set([0]));
  assert.is(runs.filter(({ stdout }) => /UEFI platform keys added/.test(stdout)).length, 1);
});

test('the lock keeps another script apart that takes it by flock(1)', async () => {
  const parent = parentOf('foreign-lock');
  const out = join(parent, 'out');
  const foreign = start('flock', [`${out}.genlock`, 'sh', '-c', `echo held; sleep 0.7; mkdir '${out}'`]);
  await new Promise(done => foreign.child.stdout!.once('data', done));
  const { stdout, stderr } = await door([out, EC]);
  await foreign.ended;
  assert.match(stderr, /waiting for another run/);
  assert.match(stdout, /already generated/);
});

test(`killed at ${KILLS} random points of a generation, OUT_DIR is absent or whole, and the next run ends well`, async () => {
  const parent = parentOf('kills');
  const out = join(parent, 'out');
  let absent = 0;
  for (let i = 0; i < KILLS; i++) {
    const { child, ended } = start(
      process.execPath,
      [MAIN, 'generate', '--dir', out, '--key-type', EC, '--platform-keys'],
      { env: cleanEnvironment() },
    );
    await pause(60 + Math.random() * 600);
    child.kill('SIGKILL');
    await ended;
    if (existsSync(out))
      assert.equal(
        PLATFORM_FILES.filter(file => !existsSync(join(out, file))),
        [],
      );
    else absent++;
    const next = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
    assert.is(next.status, 0, next.stderr);
    assertSound(out);
    assert.equal(readdirSync(parent).sort(), ['out', 'out.genlock']);
    rmSync(out, { recursive: true });
  }
  assert.ok(absent > 0, 'no kill came early enough');
});

test(`killed at ${KILLS} random points of the second phase, DB.auth is never there without its keys`, async () => {
  const parent = parentOf('second-kills');
  const out = join(parent, 'out');
  let unfinished = 0;
  for (let i = 0; i < KILLS; i++) {
    rmSync(out, { recursive: true, force: true });
    cpSync(base, out, { recursive: true });
    const { child, ended } = start(
      process.execPath,
      [MAIN, 'generate', '--dir', out, '--key-type', EC, '--platform-keys'],
      { env: cleanEnvironment() },
    );
    await pause(60 + Math.random() * 450);
    child.kill('SIGKILL');
    await ended;
    const isDone = existsSync(join(out, 'DB.auth'));
    if (!isDone) unfinished++;
    else
      assert.equal(
        PLATFORM_FILES.filter(file => !existsSync(join(out, file))),
        [],
      );
    const next = await door([out, EC], { DO_PLATFORM_KEYS: 'y' });
    assert.is(next.status, 0, next.stderr);
    assert.equal(
      PLATFORM_FILES.filter(file => !existsSync(join(out, file))),
      [],
    );
    assert.not.ok(existsSync(join(out, '.pki/journal.json')));
    assert.equal(leftovers(parent), []);
  }
  assert.ok(unfinished > 0, 'no kill came early enough');
});

test('killed between any two moves of the second phase, the next run of any kind finishes it', async () => {
  const parent = parentOf('journal');
  const finished = join(parent, 'finished');
  cpSync(base, finished, { recursive: true });
  // The moves themselves take a millisecond: their every state is laid out here instead of hit by chance.
  const out = join(parent, 'out');
  cpSync(base, out, { recursive: true });
  const staged = join(parent, 'out.staging.abcdef');
  assert.is((await door([finished, EC], { DO_PLATFORM_KEYS: 'y' })).status, 0);
  const added = readdirSync(finished, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(finished.length + 1))
    .filter(file => !existsSync(join(base, file)) || file === '.pki/manifest.json');
  const files = [...added.filter(file => file !== 'DB.auth'), 'DB.auth'];
  for (let moved = 0; moved <= files.length; moved++) {
    rmSync(out, { recursive: true });
    cpSync(base, out, { recursive: true });
    files.forEach((file, i) => {
      const target = join(i < moved ? out : staged, file);
      mkdirSync(join(target, '..'), { recursive: true });
      cpSync(join(finished, file), target);
    });
    mkdirSync(join(staged, '.pki'), { recursive: true });
    writeFileSync(join(staged, '.pki/staging'), '');
    writeFileSync(join(out, '.pki/journal.json'), JSON.stringify({ staging: 'out.staging.abcdef', files }));
    const { status, stdout, stderr } = await start(process.execPath, [MAIN, 'generate', '--dir', out]).ended;
    assert.is(status, 0, stderr);
    assert.match(stdout, /already generated/);
    for (const file of files) assert.ok(readFileSync(join(out, file)).equals(readFileSync(join(finished, file))), file);
    assert.not.ok(existsSync(staged) || existsSync(join(out, '.pki/journal.json')));
  }
});

for (const [signal, exit] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal} ends the children, cleans up and exits ${exit}`, async () => {
    const parent = parentOf(signal);
    const { child, ended } = start('bash', [DOOR, join(parent, 'out'), 'rsa:4096']);
    await new Promise(done => child.stderr!.on('data', text => String(text).includes('keys') && done(undefined)));
    await pause(100);
    child.kill(signal);
    const { status, stderr } = await ended;
    assert.is(status, exit);
    assert.match(stderr, new RegExp(`error: interrupted by ${signal}`));
    assert.equal(readdirSync(parent), ['out.genlock']);
    await pause(50);
    assert.equal(processesIn(parent), []);
  });

test('a hangup under nohup stops nothing', async () => {
  const parent = parentOf('nohup');
  const { child, ended } = start('nohup', ['bash', DOOR, join(parent, 'out'), 'rsa:2048']);
  await new Promise(done => child.stderr!.on('data', text => String(text).includes('keys') && done(undefined)));
  child.kill('SIGHUP');
  const { status, stderr } = await ended;
  assert.is(status, 0, stderr);
  assert.equal(readdirSync(parent), ['out', 'out.genlock']);
});

test('while a signal waits for the lock it exits at once', async () => {
  const parent = parentOf('signal-lock');
  const out = join(parent, 'out');
  const holder = start('flock', [`${out}.genlock`, 'sh', '-c', 'echo held; exec sleep 5']);
  await new Promise(done => holder.child.stdout!.once('data', done));
  const { child, ended } = start('bash', [DOOR, out, EC]);
  await new Promise(done => child.stderr!.once('data', done));
  child.kill('SIGTERM');
  assert.is((await ended).status, 143);
  holder.child.kill('SIGKILL');
});

test.run();
