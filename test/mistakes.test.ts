// Each folder of fixtures/mistakes is a configuration with one mistake (`many`: several); its expected.txt is what
// `trustme-pki generate --conf FOLDER` says to it on stderr. UPDATE_GOLDEN=1 writes these files: read the diff.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPkiError } from '../scripts/lib/errors.ts';
import { prepare, requireAbility } from '../scripts/lib/generate/prepare.ts';
import { surroundingsIn } from '../scripts/lib/run/exec.ts';
import { cleanEnvironment, ROOT } from './helpers/door.ts';
import { runProgram } from './helpers/program.ts';
import { inScratch } from './helpers/scratch.ts';

const suite = makeSuite('mistakes');

const MISTAKES = resolve(ROOT, 'test/fixtures/mistakes');
const expectedFile = (name: string): string => join(MISTAKES, name, 'expected.txt');

/** The options besides --conf that show the mistake. */
function argumentsOf(name: string): string[] {
  const file = join(MISTAKES, name, 'arguments.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
}

/** What main.ts and the report print of what is known before the first job; files are named from MISTAKES. */
async function messagesOf(name: string): Promise<string> {
  const hasPlatformKeys = argumentsOf(name).includes('--platform-keys');
  const options = {
    keyType: undefined,
    brand: undefined,
    configurationFolders: [join(MISTAKES, name)],
    environment: cleanEnvironment(),
    isWeakForced: false,
  };
  try {
    const prepared = await prepare(options, ({ variable }) => hasPlatformKeys || !variable);
    const surroundings = surroundingsIn(MISTAKES, options.environment, new AbortController());
    await requireAbility(prepared, false, surroundings);
    return prepared.notes.map(note => `trustme-pki: warning: ${note}\n`).join('');
  } catch (error) {
    if (!isPkiError(error)) throw error;
    const { message, hint } = error;
    const text = `trustme-pki: error: ${message}\n${hint ? `trustme-pki: hint: ${hint}\n` : ''}`;
    return text.replaceAll(`${MISTAKES}/`, '');
  }
}

for (const name of readdirSync(MISTAKES))
  suite(`${name}: the message says where, what was found and what was expected`, async () => {
    const actual = await messagesOf(name);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedFile(name), actual);
    assert.fixture(actual, readFileSync(expectedFile(name), 'utf8'), `UPDATE_GOLDEN=1 accepts the change`);
    assert.not.match(actual, /\.ts:\d|^ +at /m);
  });

suite('five mistakes of four files are told together', () => {
  const lines = readFileSync(expectedFile('many'), 'utf8').trim().split('\n');
  assert.is(lines.filter(line => /\.ini:\d+: /.test(line)).length, 5);
});

for (const name of ['unknown-key', 'many', 'template-syntax'])
  suite(`${name}: the program ends with 1, and makes neither directory nor staging directory`, () =>
    inScratch(async parent => {
      const out = join(parent, 'pki');
      const words = ['generate', '--dir', out];
      const { status, stdout, stderr } = await runProgram(
        [...words, '--conf', join(MISTAKES, name), '--key-type', 'ed25519'],
        ROOT,
      );
      assert.is(status, 1);
      assert.is(stdout, '');
      assert.fixture(stderr.replaceAll(`${MISTAKES}/`, ''), readFileSync(expectedFile(name), 'utf8'));
      assert.equal(
        readdirSync(parent).filter(file => file !== 'pki.genlock'),
        [],
      );
    }));

suite('what is no mistake but worth a word is a warning, and the program ends with 0', () =>
  inScratch(async parent => {
    mkdirSync(join(parent, 'tmp'));
    const words = ['generate', '--dir', join(parent, 'pki')];
    const { status, stderr } = await runProgram([...words, '--conf', join(MISTAKES, 'unfit-for-kernel')], ROOT);
    assert.is(status, 0);
    assert.ok(stderr.includes(readFileSync(expectedFile('unfit-for-kernel'), 'utf8')), stderr);
  }));

suite.run();
