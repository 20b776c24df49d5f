// Directories and configurations into pictures.
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { StateError } from '../../scripts/lib/errors.ts';
import { pictureOfConfiguration } from '../../scripts/lib/graph/from-configuration.ts';
import { openDirectory, pictureOfDirectory } from '../../scripts/lib/graph/from-directory.ts';
import { allRows, type Picture, rowsOf } from '../../scripts/lib/graph/picture.ts';
import { readSettings } from '../../scripts/lib/store/settings.ts';
import { isMissing, ROOT, scratch, tool } from '../helpers/door.ts';

const suite = makeSuite('picture');
const base = scratch();
const newFolder = (): string => mkdtempSync(join(base, 'pki-'));
const clock = { now: new Date(), soonDays: 30 };

const outline = (picture: Picture): string[] =>
  picture.groups.flatMap(group =>
    rowsOf(group).map(({ certificate, depth }) => '  '.repeat(depth) + certificate.file.replace(/\.(cert|crt)$/, '')),
  );

function unpack(name: string): string {
  const folder = newFolder();
  tool('tar', ['-xzf', join(ROOT, 'test/fixtures/directories', `${name}.tar.gz`), '-C', folder]);
  return join(folder, name);
}

const CUSTOMER = ['gen_rootca', '  backend_subca', '    backend', '    ocsp_server', '  device_subca', '  user_subca'];
const UEFI = ['PK', 'KEK', 'DB'];

suite('directories of the old scripts are drawn with all that they hold', () => {
  const cases: [name: string, outline: string[]][] = [
    ['script-2021-rsa4096-uefi', [...CUSTOMER, 'ssig_rootca', '  ssig_subca', '    ssig', ...UEFI]],
    [
      'script-2026-rsa2048-uefi',
      [...CUSTOMER, 'ssig_rootca', '  ssig_subca', '    ssig', '  ssig_subca_cml', '    ssig_cml', ...UEFI],
    ],
    ['script-2026-ec', [...CUSTOMER, 'ssig_rootca', '  ssig_subca', '    ssig', '  ssig_subca_cml', '    ssig_cml']],
  ];
  for (const [name, expected] of cases)
    assert.equal(outline(pictureOfDirectory(openDirectory(unpack(name)), [], clock)), expected, name);
});

suite('the UEFI variables say what they hold, files who reads them, findings whose they are', () => {
  const findings = ['DB.auth', 'certs/signing_key.pem', '.pki/backend/index.txt', 'backend.key', 'stray.txt'].map(
    file => ({
      severity: 'error' as const,
      code: 'x',
      file,
      message: 'm',
      hint: '',
    }),
  );
  const picture = pictureOfDirectory(openDirectory(unpack('script-2026-rsa2048-uefi')), findings, clock);
  const of = (stem: string) => allRows(picture).find(({ certificate }) => certificate.stem === stem)!.certificate;
  assert.equal(of('DB').variable, { name: 'db', contains: ['DB', 'ssig_subca'], authoriser: 'KEK' });
  assert.equal(of('ssig_subca').heldBy, ['db']);
  assert.equal(
    of('ssig_subca').files.map(({ file }) => file),
    ['ssig_subca.cert', 'ssig_subca.key', 'ssig_subca.esl', 'certs/signing_key.x509', 'certs/signing_key.pem'],
  );
  assert.is(of('PK').files.find(({ file }) => file === 'PK.cer')?.reader, 'firmware set-up menus');
  const files = (stem: string) => of(stem).findings.map(({ file }) => file);
  assert.equal(files('DB'), ['DB.auth']);
  assert.equal(files('ssig_subca'), ['certs/signing_key.pem']);
  assert.equal(files('backend'), ['.pki/backend/index.txt', 'backend.key']);
  assert.equal(
    picture.findings.map(({ file }) => file),
    ['stray.txt'],
  );
});

suite('no directory, or one without certificates, is a StateError', () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), '');
  for (const path of [join(folder, 'absent'), join(folder, 'file'), folder])
    assert.throws(
      () => openDirectory(path),
      (error: unknown) => error instanceof StateError && error.message.includes(path),
    );
  writeFileSync(join(folder, 'torn.cert'), 'no certificate');
  assert.equal(outline(pictureOfDirectory(openDirectory(folder), [], clock)), []);
});

suite('the configuration is drawn as it would be made now', () => {
  const { configuration } = readSettings([], { now: clock.now });
  const picture = pictureOfConfiguration(configuration, clock);
  const lines = outline(picture);
  assert.equal(lines.slice(-3), UEFI);
  assert.ok(lines.includes('    backend') && lines.includes('  guestos_subca'));
  const backend = allRows(picture).find(({ certificate }) => certificate.stem === 'backend')!.certificate;
  assert.is(backend.notBefore, clock.now.toISOString());
  assert.is(Date.parse(backend.notAfter) - Date.parse(backend.notBefore), 1095 * 86_400_000);
  assert.is(backend.sha256, undefined);
  assert.equal(
    backend.extensions.find(({ name }) => name === 'extendedKeyUsage'),
    { name: 'extendedKeyUsage', value: 'serverAuth' },
  );
});

/** `openssl req -x509` in a folder: STEM.key and STEM.cert, signed by ISSUER or itself. */
function issue(folder: string, stem: string, subject: string, more: readonly string[], issuer?: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', `${stem}.key`];
  const by = issuer ? ['-CA', `${issuer}.cert`, '-CAkey', `${issuer}.key`] : [];
  const args = ['-subj', subject, '-days', '100', '-out', `${stem}.cert`, ...by];
  tool('openssl', ['req', '-x509', ...(more.includes('-key') ? [] : key), ...args, ...more], folder);
}

suite('CAs below CAs are drawn at any depth; what has no issuer here comes last, and says so', () => {
  if (isMissing('openssl')) return;
  const folder = newFolder();
  issue(folder, 'a_gone', '/CN=gone', []);
  issue(folder, 'a_orphan', '/CN=orphan', [], 'a_gone');
  for (let i = 0; i < 5; i++) issue(folder, `ca${i}`, `/CN=ca ${i}`, [], i > 0 ? `ca${i - 1}` : undefined);
  // Of the same name and, but for its key, the same CA: what it signed is not drawn below the other.
  issue(folder, 'twin', '/CN=ca 0', []);
  renameSync(join(folder, 'a_gone.cert'), join(folder, 'a_gone.pem'));
  const picture = pictureOfDirectory(openDirectory(folder), [], clock);
  assert.equal(outline(picture), ['ca0', '  ca1', '    ca2', '      ca3', '        ca4', 'twin', 'a_orphan']);
  const orphan = allRows(picture).at(-1)!.certificate;
  assert.equal([orphan.isIssuerKnown, orphan.issuer], [false, 'gone']);
});

suite('an issuer that stands in a chain alone is drawn', () => {
  if (isMissing('openssl')) return;
  const folder = newFolder();
  issue(folder, 'root', '/CN=root', []);
  issue(folder, 'leaf', '/CN=leaf', [], 'root');
  const [root, leaf] = ['root.cert', 'leaf.cert'].map(name => readFileSync(join(folder, name), 'utf8'));
  renameSync(join(folder, 'root.cert'), join(folder, 'root.pem'));
  writeFileSync(join(folder, 'leaf.cert'), `${leaf}${root}`);
  const rows = allRows(pictureOfDirectory(openDirectory(folder), [], clock));
  assert.equal(
    rows.map(({ certificate: { commonName, stem } }) => `${commonName} ${stem}`),
    ['root ', 'leaf leaf'],
  );
});

suite('CAs that certify each other are drawn once each', () => {
  if (isMissing('openssl')) return;
  const folder = newFolder();
  issue(folder, 'a', '/CN=a', []);
  issue(folder, 'b', '/CN=b', []);
  issue(folder, 'a2', '/CN=a', ['-key', 'a.key'], 'b');
  issue(folder, 'b2', '/CN=b', ['-key', 'b.key'], 'a');
  for (const stem of ['a', 'b']) renameSync(join(folder, `${stem}.cert`), join(folder, `${stem}.pem`));
  assert.equal(outline(pictureOfDirectory(openDirectory(folder), [], clock)), ['a2', '  b2']);
});

suite.run();
