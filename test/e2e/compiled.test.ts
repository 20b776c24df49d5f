// What V8 compiled when the program was built: used where it fits, passed over where it does not.
import { cpSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compiledName, wrapped } from '../../scripts/compiled.ts';
import { ROOT, scratch, tool } from '../helpers/door.ts';

const test = suite('compiled');
const dist = join(ROOT, 'dist');
const programs = readdirSync(dist).filter(name => name.endsWith('.cjs') && name !== 'main.cjs');
const folder = scratch();
const copy = join(folder, 'dist');
cpSync(dist, copy, { recursive: true, preserveTimestamps: true });
cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
const program = join(copy, 'program.cjs');
const helped = (): string => tool(process.execPath, [join(copy, 'main.cjs'), '--help']);

test('each built file has one, and this V8 takes it', () => {
  assert.ok(programs.includes('program.cjs') && programs.includes('produce.cjs'), `${programs}`);
  for (const name of programs) {
    const [file, cachedData] = [join(dist, name), readFileSync(compiledName(join(dist, name)))];
    assert.is(new Script(wrapped(readFileSync(file, 'utf8')), { cachedData }).cachedDataRejected, false, name);
  }
});

test('it is what runs, and where the text is newer, that is', () => {
  const text = readFileSync(program, 'utf8');
  assert.match(text, /usage: trustme-pki VERB/);
  writeFileSync(program, text.replace('usage: trustme-pki VERB', 'USAGE: trustme-pki VERB'));
  utimesSync(program, 0, 0);
  assert.match(helped(), /^usage: trustme-pki VERB/);
  const later = new Date(Date.now() + 60_000);
  utimesSync(program, later, later);
  assert.match(helped(), /^USAGE: trustme-pki VERB/);
  writeFileSync(program, text);
});

test('damaged, of another V8, or not there: the program runs from its text', () => {
  const whole = readFileSync(compiledName(program));
  const other = Buffer.from(whole);
  other.writeUInt32LE(other.readUInt32LE(4) ^ 0xff, 4);
  for (const content of [Buffer.alloc(0), whole.subarray(0, 1000), Buffer.alloc(5000, 'x'), other]) {
    writeFileSync(compiledName(program), content);
    assert.match(helped(), /^usage: trustme-pki VERB/);
  }
});

test.run();
