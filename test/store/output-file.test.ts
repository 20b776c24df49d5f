// Results that a person names a file for: what is replaced, and what never is.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPkiError } from '../../scripts/lib/errors.ts';
import { refuseOutput, writeOutput } from '../../scripts/lib/store/output-file.ts';

const test = suite('output file');
const folder = mkdtempSync(join(tmpdir(), 'trustme-pki-output-'));
test.after(() => rmSync(folder, { recursive: true }));

const isOwn = (content: Buffer) => content.toString().startsWith('own');
const put = (name: string, content: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
};

test('it replaces a regular file, and nothing else', () => {
  const path = join(folder, 'report.html');
  writeOutput(path, 'one', isOwn);
  writeOutput(path, 'two', isOwn);
  assert.is(readFileSync(path, 'utf8'), 'two');
  symlinkSync(path, join(folder, 'link'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  mkdirSync(join(folder, 'folder'));
  // To open a pipe, or a link to one, would wait for its writer.
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  symlinkSync('pipe', join(folder, 'to-pipe'));
  for (const name of ['link', 'dangling', 'pipe', 'to-pipe', 'folder', 'absent/report.html', 'report.html/x', 'new/'])
    assert.throws(() => writeOutput(join(folder, name), 'three', isOwn), isPkiError, name);
  assert.is(readFileSync(path, 'utf8'), 'two');
  assert.equal(
    readdirSync(folder).filter(name => name.includes('.trustme-pki.')),
    [],
  );
});

test('what killed runs left beside it goes with the next one', () => {
  mkdirSync(join(folder, 'killed'));
  put(`killed/.a.html.trustme-pki.${spawnSync('true').pid}`, 'half');
  writeOutput(join(folder, 'killed/a.html'), 'whole', isOwn);
  assert.equal(readdirSync(join(folder, 'killed')), ['a.html']);
});

const KEY = '-----BEGIN ENCRYPTED PRIVATE KEY-----\n';

for (const [name, content] of [
  ['somewhere.bin', KEY],
  ['pki/backend.key', KEY],
  ['pki/backend.cert', 'certificate'],
  ['pki/KEK.crt', 'certificate'],
  ['pki/PK.cer', 'certificate'],
  ['pki/certs/ssig_subca.x509', 'certificate'],
  ['pki/DB.auth', 'update'],
  ['pki/.pki/backend_subca/index.txt', 'own rows'.slice(4)],
] as const)
  test(`"${name}" is not replaced`, () => {
    mkdirSync(join(folder, 'pki/.pki'), { recursive: true });
    const path = put(name, content);
    assert.throws(() => writeOutput(path, 'x', isOwn), /not replaced/);
    assert.is(readFileSync(path, 'utf8'), content);
  });

test('in a PKI directory, what is new, of no kind that one holds, or of an earlier run is written', () => {
  mkdirSync(join(folder, 'pki/.pki'), { recursive: true });
  put('pki/report.html', 'report');
  put('pki/kernel.cert', 'own certificate');
  for (const name of ['pki/report.html', 'pki/kernel.cert', 'pki/new.der']) writeOutput(join(folder, name), 'x', isOwn);
  refuseOutput(put('kernel.cert', 'of nobody'));
  assert.ok(existsSync(join(folder, 'pki/new.der')));
});

test.run();
