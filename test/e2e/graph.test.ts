// `trustme-pki graph` as people call it, and its report in a real browser.
import { mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, isMissing, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const suite = makeSuite('graph');

const folder = scratch();
const FIXTURES = join(ROOT, 'test/fixtures/directories');
for (const name of ['script-2021-rsa4096-uefi', 'script-2026-ec'])
  tool('tar', ['-xzf', join(FIXTURES, `${name}.tar.gz`), '-C', folder]);
const OLD = join(folder, 'script-2021-rsa4096-uefi');
const EC = join(folder, 'script-2026-ec');

const graph = (args: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  runProgram(['graph', ...args], folder, cleanEnvironment(extra));

suite('without --dir the configuration is drawn, whatever TRUSTME_PKI_DIR says', async () => {
  const { status, stdout, stderr } = await graph(['--brand', 'Acme', '--key-type', 'ed25519'], {
    TRUSTME_PKI_DIR: OLD,
  });
  assert.equal([status, stderr], [0, '']);
  assert.match(stdout, /^configuration of Acme: 15 certificates\n/);
  assert.match(stdout, /├─ ✔ Acme Device Sub CA +device_subca\.cert +ed25519 +valid until \d{4}-/);
  assert.not.match(stdout, '\u001b');
});

suite('a configuration folder of one’s own counts', async () => {
  const own = join(folder, 'own');
  mkdirSync(own);
  writeFileSync(join(own, 'defaults.ini'), 'brand = Own\n');
  assert.match((await graph(['--conf', own])).stdout, 'Own General Root CA');
  assert.match((await graph([], { TRUSTME_PKI_CONF: own })).stdout, 'Own General Root CA');
  assert.is((await graph(['--conf', ''])).status, 2);
});

suite('with --dir the directory is drawn, of the old scripts too', async () => {
  const { status, stdout } = await graph(['--dir', OLD]);
  assert.is(status, 0);
  assert.match(stdout, /└─ ✔? ?.* Software Signing Sub CA/);
  assert.match(stdout, 'held by the UEFI variable db');
  assert.match(stdout, 'fills db, which holds DB, ssig_subca; its updates are signed by KEK');
});

suite('--json is the picture', async () => {
  const { stdout } = await graph(['--dir', EC, '--json']);
  const picture = JSON.parse(stdout);
  assert.is(picture.schema, 1);
  assert.equal(
    picture.groups.map(({ roots }: { roots: { stem: string }[] }) => roots.map(({ stem }) => stem)),
    [['gen_rootca'], ['ssig_rootca']],
  );
});

suite('wrong use ends with 2, no PKI with 1, and both say what to do', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  for (const [args, status, message] of [
    [['--format', 'htlm'], 2, 'did you mean "html"?'],
    [['--json', '--format', 'svg'], 2, 'exclude each other'],
    [['--dir', EC, '--brand', 'x'], 2, 'say nothing of a directory'],
    [['--output', ''], 2, '--output is empty'],
    [[EC], 2, '--dir'],
    [['--dir', join(folder, 'absent')], 1, '/absent" is not there'],
    [['--dir', empty], 1, 'holds no certificates'],
  ] as const) {
    const ended = await graph(args);
    assert.equal([ended.status, ended.stdout], [status, ''], args.join(' '));
    assert.match(ended.stderr, message);
  }
});

suite('--output writes one file of mode 0644, in place of a regular one, never through a link', async () => {
  const path = join(folder, 'pki.svg');
  for (let i = 0; i < 2; i++) {
    const { status, stdout, stderr } = await graph(['--dir', EC, '--format', 'svg', '--output', path]);
    assert.equal([status, stdout, stderr], [0, '', `trustme-pki: wrote ${path}\n`]);
  }
  assert.is(statSync(path).mode & 0o777, 0o644);
  assert.match(readFileSync(path, 'utf8'), /^<svg [\s\S]*<\/svg>\n$/);
  symlinkSync(path, join(folder, 'link'));
  const { status, stderr } = await graph(['--output', join(folder, 'link')]);
  assert.is(status, 1);
  assert.match(stderr, 'is a symbolic link');
});

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Runs Debian's chromium on a file, with a profile of its own. */
const browse = (file: string, ...more: string[]): Promise<Ended> =>
  start('chromium', [
    ...FLAGS,
    ...QUIET,
    `--user-data-dir=${mkdtempSync(join(folder, 'profile-'))}`,
    ...more,
    pathToFileURL(file).href,
  ]).ended;

/** A directory whose certificate would like to run a script. */
function makeHostile(): string {
  const path = join(folder, 'hostile');
  mkdirSync(path);
  const subject = '/O=<img src=x onerror=document.title=1>/CN=<script>document.title=2<\\/script>\u001b[31m';
  const key = ['-newkey', 'ed25519', '-noenc', '-keyout', 'evil.key', '-out', 'evil.cert'];
  tool('openssl', ['req', '-x509', '-utf8', '-subj', subject, ...key], path);
  return path;
}

suite('a browser shows the report: every certificate, every link, no script', async () => {
  if (isMissing('chromium') || isMissing('openssl')) return;
  for (const [name, dir, cards] of [
    ['old', OLD, 12],
    ['evil', makeHostile(), 1],
  ] as const) {
    const report = join(folder, `${name}.html`);
    assert.is((await graph(['--dir', dir, '--format', 'html', '--output', report])).status, 0);
    const { stdout: dom } = await browse(report, '--dump-dom');
    assert.is(dom.match(/<article class="card"/g)?.length, cards, name);
    assert.match(dom, `<title>PKI report: ${dir}</title>`);
    assert.not.match(dom, /<script|<img/);
    assert.not.ok(dom.includes('\u001b'));
    const ids = [...dom.matchAll(/ id="(c\d+)"/g)].map(([, id]) => id);
    const targets = [...dom.matchAll(/ href="#(c\d+)"/g)].map(([, id]) => id);
    assert.ok(targets.length >= cards && targets.every(target => ids.includes(target)));
  }
});

suite('a browser draws the report and the SVG', async () => {
  if (isMissing('chromium')) return;
  for (const format of ['html', 'svg']) {
    const [file, image] = [join(folder, `drawn.${format}`), join(folder, `${format}.png`)];
    await graph(['--dir', EC, '--format', format, '--output', file]);
    await browse(file, `--screenshot=${image}`, '--window-size=1280,2000');
    const png = readFileSync(image);
    assert.is(png.subarray(1, 4).toString(), 'PNG');
    // An empty page of this size takes far less.
    assert.ok(png.length > 30_000, `${png.length} bytes`);
  }
});

suite.run();
