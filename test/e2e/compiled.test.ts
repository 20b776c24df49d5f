// What V8 compiled when the program was built: used where it fits, passed over where it does not.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compiledName, readScript } from '../../scripts/compiled.ts';
import { MAIN, ROOT, scratch, tool } from '../helpers/door.ts';

const test = suite('compiled');
const dist = join(ROOT, 'dist');
const programs = readdirSync(dist).filter(name => name.endsWith('.cjs') && name !== 'main.cjs');
const folder = scratch();
const copy = join(folder, 'dist');
cpSync(dist, copy, { recursive: true, preserveTimestamps: true });
cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
const program = join(copy, 'program.cjs');
const pki = join(folder, 'pki');
tool(process.execPath, [MAIN, 'generate', '--dir', pki, '--key-type', 'ec:prime256v1', '--quiet']);
/** A run that the build made, too. */
const again = (): string => tool(process.execPath, [join(copy, 'main.cjs'), 'generate', '--dir', pki]);

test('each built file has one, and this V8 takes it', () => {
  assert.ok(programs.includes('program.cjs') && programs.includes('produce.cjs'), `${programs}`);
  for (const name of programs) {
    const [file, cachedData] = [join(dist, name), readFileSync(compiledName(join(dist, name)))];
    assert.is(readScript(file, cachedData).cachedDataRejected, false, name);
  }
});

/** Files of which `scripts/warm-up.ts` gives the form that a run needs. */
function warmed(path: string): string[] {
  const code = `import(${JSON.stringify(join(ROOT, 'scripts/warm-up.ts'))}).then(async ({ warmUp }) =>
    console.log([...(await warmUp(${JSON.stringify(dist)})).keys()].join('\\n')))`;
  const printed = execFileSync(process.execPath, ['--import', 'tsx', '-e', code], {
    ...{ cwd: ROOT, encoding: 'utf8', env: { PATH: path } },
  });
  return printed.split('\n').filter(Boolean).sort();
}

test('of the files that generate needs it has what a run calls; without tools the program can be built all the same', () => {
  const names = ['forge.cjs', 'produce.cjs', 'program.cjs'];
  assert.equal(
    warmed(process.env.PATH!),
    names.map(name => join(dist, name)),
  );
  for (const name of names) {
    // V8 knows the text itself by now, with the functions that were read in with it.
    const other = join(folder, name);
    writeFileSync(other, `${readFileSync(join(dist, name), 'utf8')}\n`);
    const [none, called] = [readScript(other), readFileSync(compiledName(join(dist, name)))];
    assert.is(readScript(join(dist, name), called).cachedDataRejected, false);
    assert.ok(called.length > 1.5 * none.createCachedData().length, name);
  }
  assert.equal(warmed(folder), []);
});

test('it is what runs, and where the text is newer, that is', () => {
  const text = readFileSync(program, 'utf8');
  assert.match(text, /already generated/);
  writeFileSync(program, text.replace('already generated', 'ALREADY generated'));
  utimesSync(program, 0, 0);
  assert.match(again(), /already generated/);
  const later = new Date(Date.now() + 60_000);
  utimesSync(program, later, later);
  assert.match(again(), /ALREADY generated/);
  writeFileSync(program, text);
});

test('damaged, of another V8, or not there: the program runs from its text', () => {
  const whole = readFileSync(compiledName(program));
  const other = Buffer.from(whole);
  other[4]! ^= 0xff;
  for (const content of [Buffer.alloc(0), whole.subarray(0, 1000), Buffer.alloc(5000, 'x'), other]) {
    writeFileSync(compiledName(program), content);
    assert.match(again(), /already generated/);
  }
});

test.run();
