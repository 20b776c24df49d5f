// Renewals that are killed: at any point the next run finds or makes a directory that is sound, old or new as a whole.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, MAIN, scratch, start } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('killed renewals');
const folder = scratch();
const launch = (...words: string[]) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment() });
const KILLS = 12;
const wait = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

test.before(async () => {
  const words = ['generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet'];
  const { status, stderr } = await runProgram(words, folder);
  assert.is(status, 0, stderr);
});

const VERBS = [
  ['renew', 'gen_rootca', 'ssig_rootca', '--cascade'],
  ['rekey', 'ssig_subca', '--cascade'],
  ['renew', 'PK', 'KEK', 'DB'],
];

test(`${KILLS} kills at points spread over the run`, async () => {
  cpSync(join(folder, 'base'), join(folder, 'timed'), { recursive: true });
  const lengths: number[] = [];
  for (const verb of VERBS) {
    const begin = Date.now();
    assert.is((await runProgram([...verb, '--dir', 'timed', '--quiet'], folder)).status, 0);
    lengths.push(Date.now() - begin);
  }
  cpSync(join(folder, 'base'), join(folder, 'pki'), { recursive: true });
  let interrupted = 0;
  for (let i = 0; i < KILLS; i++) {
    const which = i % VERBS.length;
    const begin = Date.now();
    const { child, ended } = launch(...VERBS[which]!, '--dir', 'pki', '--quiet');
    const end = ended.then(() => Date.now());
    await wait((lengths[which]! * (i + 0.5)) / KILLS);
    child.kill('SIGKILL');
    if ((await ended).status === null) interrupted++;
    // The machine was busier when it was timed.
    else lengths[which] = (await end) - begin;
    // Any verb that writes finishes or undoes it; the directory is then as before or as after.
    const next = await runProgram(['generate', '--dir', 'pki'], folder);
    assert.is(next.status, 0, next.stderr);
    const verified = await runProgram(['verify', 'pki'], folder);
    assert.is(verified.status, 0, `after kill ${i}: ${verified.stdout}`);
    assert.not(existsSync(join(folder, 'pki/.pki/journal.json')));
    assert.equal(
      readdirSync(folder).filter(name => name.startsWith('pki.staging.')),
      [],
    );
  }
  assert.ok(interrupted >= KILLS / 3, `only ${interrupted} of ${KILLS} were killed before their end`);
  const done = await runProgram([...VERBS[0]!, '--dir', 'pki', '--quiet'], folder);
  assert.is(done.status, 0, done.stderr);
  for (const ca of ['gen_rootca', 'ssig_subca']) {
    const rows = readFileSync(join(folder, `pki/.pki/${ca}/index.txt`), 'latin1')
      .trim()
      .split('\n');
    const files = readdirSync(join(folder, `pki/.pki/${ca}/issued`));
    for (const row of rows) assert.ok(files.includes(`${row.split('\t')[3]}.pem`), row);
  }
});

test.run();
