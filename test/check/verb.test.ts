// The verb's words: options, exit codes and what is printed where.
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPkiError } from '../../scripts/lib/errors.ts';
import { verifyVerb } from '../../scripts/verbs/verify.ts';
import { scratch } from '../helpers/door.ts';
import { environment, sharedPki } from './sound-pki.ts';

const test = suite('verify, the verb');
const folder = scratch();
let sound = '';

test.before(async () => {
  sound = await sharedPki('sound');
});

/** Runs the verb in this process, as main.ts does. */
async function verify(...words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const printed: string[] = [];
  const print = (text: string): number => {
    printed.push(`${text}\n`);
    return 0;
  };
  const controller = new AbortController();
  const context = {
    words,
    environment,
    stderr: process.stderr,
    controller,
    print,
    isTerminal: false,
    helps: async () => [],
  };
  try {
    return { status: await verifyVerb(context), stdout: printed.join(''), stderr: '' };
  } catch (error) {
    if (!isPkiError(error)) throw error;
    return { status: error.exitCode, stdout: printed.join(''), stderr: `${error.message}\nhint: ${error.hint}` };
  }
}

test('findings end with 1; --json and --quiet say the same in their way', async () => {
  const out = join(folder, 'harmed');
  cpSync(sound, out, { recursive: true });
  chmodSync(join(out, 'backend.key'), 0o644);
  const [text, quiet, json] = await Promise.all([verify(out), verify(out, '--quiet'), verify(out, '--json')]);
  assert.equal([text.status, quiet.status, json.status], [1, 1, 1]);
  assert.match(
    text.stdout,
    /^error {2}backend\.key: .*\[key-mode\]\n {7}hint: chmod 600 -- backend\.key\n.*: 1 error\n$/,
  );
  assert.is(quiet.stdout + quiet.stderr, '');
  const { findings, ...rest } = JSON.parse(json.stdout);
  assert.equal(rest, { schema: 1, directory: out, sound: false });
  assert.equal(Object.keys(findings[0]), ['severity', 'code', 'file', 'message', 'hint']);
});

test('--expires-within and --conf are asked', async () => {
  const conf = join(folder, 'conf');
  mkdirSync(conf);
  writeFileSync(join(conf, 'defaults.ini'), 'brand = other\n');
  const soon = await verify(sound, '--expires-within', '1100', '--json');
  const codes = JSON.parse(soon.stdout).findings.map(({ code }: { code: string }) => code);
  assert.ok(codes.length >= 4);
  assert.equal([...new Set(codes)], ['expires-soon']);
  const { status, stdout } = await verify(sound, '--conf', conf);
  assert.is(status, 0);
  assert.match(stdout, /^info {2}\.: made with brand trustme, .*defaults\.ini says "other" \[other-option\]\n/);
});

const WRONG: readonly [words: readonly string[], status: number, message: RegExp][] = [
  [['a', 'b'], 2, /unexpected "b"/],
  [['a', '--dir', 'b'], 2, /DIR is given twice/],
  [['--expires-within', 'soon'], 2, /"soon" is no number of days/],
  [['--expires', '3'], 2, /unknown option "--expires"/],
  [['absent'], 1, /"absent" is not there/],
  [[import.meta.filename], 1, /is no directory/],
  [['SOUND', '--conf', 'absent'], 1, /cannot read the configuration folder "absent"/],
];
for (const [words, status, message] of WRONG)
  test(`${message.source} ends with ${status}`, async () => {
    const ended = await verify(...words.map(word => (word === 'SOUND' ? sound : word)));
    assert.is(ended.status, status, ended.stderr);
    assert.match(ended.stderr, message);
    assert.match(ended.stderr, /\nhint: \S/);
    assert.is(ended.stdout, '');
  });

test('--help tells the options', async () => {
  const { status, stdout } = await verify('--help');
  assert.is(status, 0);
  assert.match(stdout, /^usage: trustme-pki verify \[DIR\] \[options\]\n[\s\S]*--expires-within DAYS/);
});

test.run();
