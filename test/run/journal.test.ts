import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { StateError } from '../../scripts/lib/errors.ts';
import { finishInterrupted } from '../../scripts/lib/run/interrupted.ts';
import { publishInto, recover } from '../../scripts/lib/run/journal.ts';
import { inStaging, makeStaging } from '../../scripts/lib/run/staging.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('journal');

const FILES = ['PK.crt', '.pki/PK.cnf', 'DB.auth'];

function put(path: string, text = basename(path)): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A live directory and a staging directory with FILES, less those that were moved already. */
function prepare(folder: string, moved: readonly string[] = []): { outDir: string; staging: string } {
  const outDir = join(folder, 'pki');
  put(join(outDir, 'ssig.key'));
  const staging = makeStaging(outDir);
  for (const file of FILES) put(join(moved.includes(file) ? outDir : staging, file));
  return { outDir, staging };
}

const writeJournal = (outDir: string, journal: unknown): void =>
  put(join(outDir, '.pki/journal.json'), typeof journal === 'string' ? journal : JSON.stringify(journal));

function assertPublished(outDir: string, staging: string): void {
  for (const file of FILES) assert.is(readFileSync(join(outDir, file), 'utf8'), basename(file));
  assert.is(readFileSync(join(outDir, 'ssig.key'), 'utf8'), 'ssig.key');
  assert.not.ok(existsSync(staging), 'the staging directory is gone');
  assert.not.ok(existsSync(join(outDir, '.pki/journal.json')), 'the journal is gone');
}

const isStateError = (error: unknown): boolean => error instanceof StateError && error.exitCode === 1;

suite('files join a directory that is there, and staging and journal go', () =>
  inScratch(folder => {
    const { outDir, staging } = prepare(folder);
    publishInto(staging, outDir, FILES);
    assertPublished(outDir, staging);
    assert.is(recover(outDir), false);
  }));

suite('without a journal there is nothing to finish', () =>
  inScratch(folder => {
    const { outDir, staging } = prepare(folder);
    assert.is(recover(outDir), false);
    assert.ok(existsSync(join(staging, 'PK.crt')));
  }));

for (const count of [0, 1, 2, 3])
  suite(`killed after ${count} of 3 moves, it is finished by the next run`, () =>
    inScratch(folder => {
      const { outDir, staging } = prepare(folder, FILES.slice(0, count));
      writeJournal(outDir, { staging: basename(staging), files: FILES });
      assert.is(recover(outDir), true);
      assertPublished(outDir, staging);
    }));

suite('what they make worthless goes, also where it went half before a kill', () =>
  inScratch(folder => {
    const { outDir, staging } = prepare(folder);
    put(join(outDir, '.pki/requests/ssig/key'));
    publishInto(staging, outDir, FILES, ['.pki/requests', 'gone.csr']);
    assertPublished(outDir, staging);
    assert.not.ok(existsSync(join(outDir, '.pki/requests')));
  }));

suite('where a move fails, the staging directory stays, the error says so, and the next run finishes it', () =>
  inScratch(async folder => {
    const outDir = join(folder, 'pki');
    put(join(outDir, 'ssig.key'));
    put(join(outDir, '.pki/PK.cnf/obstacle'));
    const kept = { staging: '' };
    try {
      await inStaging(outDir, async staging => {
        kept.staging = staging;
        for (const file of FILES) put(join(staging, file));
        publishInto(staging, outDir, FILES);
      });
      assert.unreachable();
    } catch (error) {
      assert.ok(isStateError(error), String(error));
      assert.match((error as StateError).message, /cannot write ".*\/\.pki\/PK\.cnf"/);
      assert.match((error as StateError).hint!, /waits in ".*pki\.staging\.\w{6}": the next run moves it in/);
    }
    assert.ok(existsSync(join(kept.staging, 'DB.auth')));
    assert.throws(() => recover(outDir), isStateError);
    rmSync(join(outDir, '.pki/PK.cnf'), { recursive: true });
    assert.is(recover(outDir), true);
    assertPublished(outDir, kept.staging);
  }));

suite('a lost staging directory is refused, nothing is moved and the journal stays', () =>
  inScratch(folder => {
    const { outDir } = prepare(folder);
    writeJournal(outDir, { staging: 'pki.staging.gone00', files: FILES });
    assert.throws(() => recover(outDir), isStateError);
    assert.ok(existsSync(join(outDir, '.pki/journal.json')));
    assert.not.ok(existsSync(join(outDir, 'PK.crt')));
  }));

suite('it is refused also where every file is there: they may be the old ones', () =>
  inScratch(folder => {
    const { outDir } = prepare(folder, FILES);
    writeJournal(outDir, { staging: 'pki.staging.gone00', files: FILES });
    assert.throws(() => recover(outDir), isStateError);
    assert.ok(existsSync(join(outDir, '.pki/journal.json')));
  }));

const foreign: readonly [name: string, journal: (staging: string) => unknown][] = [
  ['a file above OUT_DIR', staging => ({ staging, files: ['../evil'] })],
  ['a file above OUT_DIR by way of a folder', staging => ({ staging, files: ['a/../../evil'] })],
  ['an absolute file', staging => ({ staging, files: ['/etc/evil'] })],
  ['an empty file name', staging => ({ staging, files: [''] })],
  ['the directory itself as a file', staging => ({ staging, files: ['.'] })],
  ['a staging directory elsewhere', staging => ({ staging: `x/${staging}`, files: FILES })],
  ['a staging directory above', () => ({ staging: 'pki.staging./../../x', files: FILES })],
  ['a staging directory of somebody else', () => ({ staging: 'other.staging.aaaaaa', files: FILES })],
  ['no staging directory', () => ({ files: FILES })],
  ['no files', staging => ({ staging })],
  ['a file above OUT_DIR that goes', staging => ({ staging, files: FILES, removed: ['../evil'] })],
  ['a number as a file', staging => ({ staging, files: [1] })],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['no JSON', () => '{"staging":'],
  ['nothing', () => ''],
];
for (const [name, journal] of foreign)
  suite(`a journal that says ${name} is refused, and nothing is moved`, () =>
    inScratch(folder => {
      const { outDir, staging } = prepare(folder);
      writeJournal(outDir, journal(basename(staging)));
      assert.throws(() => recover(outDir), isStateError);
      for (const file of FILES) assert.ok(existsSync(join(staging, file)), file);
    }));

suite('a directory that was moved keeps its journal, and the next run tells its name of before', () =>
  inScratch(folder => {
    const { outDir, staging } = prepare(folder, FILES.slice(0, 1));
    writeJournal(outDir, { staging: basename(staging), files: FILES });
    const moved = join(folder, 'moved');
    renameSync(outDir, moved);
    assert.throws(
      () => recover(moved),
      (error: StateError) =>
        /had another name when/.test(error.message) && /the name "pki" again/.test(error.hint ?? ''),
    );
    renameSync(moved, outDir);
    assert.is(recover(outDir), true);
    assertPublished(outDir, staging);
  }));

const finish = (outDir: string) => finishInterrupted(outDir, new AbortController().signal, () => {});

suite('a journal behind a link is not finished by the path of the link, and nothing that it may need goes', () =>
  inScratch(async folder => {
    const { outDir, staging } = prepare(folder);
    writeJournal(outDir, { staging: basename(staging), files: FILES });
    const link = join(folder, 'link');
    symlinkSync('pki', link);
    const beside = makeStaging(link);
    await finish(link);
    assert.ok(existsSync(join(outDir, '.pki/journal.json')));
    assert.ok(existsSync(staging) && existsSync(beside));
    await finish(outDir);
    assertPublished(outDir, staging);
    await finish(link);
    assert.not.ok(existsSync(beside));
  }));

suite('where a file is in the place of OUT_DIR there is no journal: a staging directory goes', () =>
  inScratch(async folder => {
    const outDir = join(folder, 'pki');
    put(outDir);
    makeStaging(outDir);
    await finish(outDir);
    assert.equal(readdirSync(folder), ['pki']);
    await inStaging(outDir, async staging => assert.ok(existsSync(staging)));
    assert.equal(readdirSync(folder), ['pki']);
  }));

suite.run();
