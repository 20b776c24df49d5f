import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ConfigProblem, isPkiError } from '../../scripts/lib/errors.ts';
import { readOwnFolder } from '../../scripts/lib/store/configuration-folder.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('configuration-folder');

/** Writes files into a folder; a path that ends in "/" is a folder. */
function fill(folder: string, paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(path.endsWith('/') ? join(folder, path) : dirname(join(folder, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(folder, path), '');
  }
}

/** What is read, and what is told, without the folder's name. */
function read(folder: string): { names: string[]; problems: string[] } {
  const problems: ConfigProblem[] = [];
  const { inis, templates } = readOwnFolder(folder, problems);
  return {
    names: [...inis, ...templates].map(({ file }) => file.slice(folder.length + 1)),
    problems: problems.map(({ file, expected }) => `${file.slice(folder.length + 1)}: ${expected}`),
  };
}

/** The error that reading makes, and its hint. */
function errorOf(folder: string): string {
  try {
    readOwnFolder(folder, []);
  } catch (error) {
    if (isPkiError(error)) return `${error.message.replaceAll(folder, 'conf')}\n${error.hint}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

suite('ini files are read at the top and one folder deep, templates in their folder', () =>
  inScratch(folder => {
    fill(folder, ['defaults.ini', 'customer/backend.ini', 'templates/openssl.cnf.hbs']);
    const names = ['customer/backend.ini', 'defaults.ini', 'templates/openssl.cnf.hbs'];
    assert.equal(read(folder), { names, problems: [] });
  }));

const stray: readonly [path: string, expected: RegExp][] = [
  ['customer/prod/backend.ini', /at the top of the configuration folder, or one folder deep/],
  ['customer/prod/eu/backend.ini', /one folder deep/],
  ['customer/backend.INI', /a name that ends in "\.ini", in small letters/],
  ['new.ini/', /a file: a folder has another name/],
  ['templates/openssl.cnf', /a template, NAME\.hbs: no other file/],
  ['templates/defaults.ini', /a template, NAME\.hbs: no other file/],
  ['templates/openssl.cnf.hbs/', /a template, NAME\.hbs: no folder/],
  ['templates/customer/', /a template, NAME\.hbs: no folder/],
  ['openssl.cnf.hbs', /the folder templates around it/],
];
for (const [path, expected] of stray)
  suite(`${path} would be passed over in silence: it is told`, () =>
    inScratch(folder => {
      fill(folder, [path, 'defaults.ini']);
      const { names, problems } = read(folder);
      assert.equal(names, ['defaults.ini']);
      assert.is(problems.length, 1);
      assert.ok(problems[0]!.startsWith(path.replace(/\/$/, '')), problems[0]);
      assert.match(problems[0]!, expected);
    }));

suite('what version control, editors and readers put there is left alone', () =>
  inScratch(folder => {
    fill(folder, [
      ...[
        'defaults.ini',
        'README.md',
        '.git/a.ini',
        '.git/refs/b/c.ini',
        'customer/backend.ini~',
        'customer/x.ini.bak',
      ],
      ...['templates/.x.swp', 'templates/openssl.cnf.hbs~', 'templates/README', 'certs/a/b/root.pem'],
    ]);
    symlinkSync('somebody@host.1', join(folder, '.#defaults.ini'));
    symlinkSync('/nowhere', join(folder, 'link'));
    assert.equal(read(folder), { names: ['defaults.ini'], problems: [] });
  }));

suite('a link to a folder is a folder', () =>
  inScratch(folder => {
    fill(folder, ['conf/defaults.ini', 'shared/backend.ini']);
    symlinkSync('../shared', join(folder, 'conf/customer'));
    assert.equal(read(join(folder, 'conf')).names, ['customer/backend.ini', 'defaults.ini']);
  }));

suite('a file that cannot be read is named', () =>
  inScratch(folder => {
    fill(folder, ['defaults.ini', 'customer/']);
    symlinkSync('/nowhere', join(folder, 'customer/backend.ini'));
    assert.is(
      errorOf(folder),
      'cannot read "conf/customer/backend.ini" of the configuration folder "conf": it is not there (ENOENT)\nmend the link, or remove it',
    );
  }));

suite('a folder that is not there, or is a file, is told in words', () =>
  inScratch(folder => {
    fill(folder, ['file']);
    assert.match(
      errorOf(join(folder, 'nope')),
      /^cannot read the configuration folder "conf": it is not there \(ENOENT\)\ngive a folder/,
    );
    assert.match(
      errorOf(join(folder, 'file')),
      /^cannot read the configuration folder "conf": it is no folder\ngive a folder/,
    );
  }));

suite('a folder that holds nothing of a configuration is refused', () =>
  inScratch(folder => {
    fill(folder, ['README.md', 'photos/cat.jpg']);
    assert.match(
      errorOf(folder),
      /^the configuration folder "conf" holds neither ini files nor templates\n.*init-conf/,
    );
  }));

suite.run();
