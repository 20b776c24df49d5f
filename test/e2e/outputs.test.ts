// What `--json` prints is what docs/reference.md and docs/output-schemas.json say, no field less and none more.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest } from '../../scripts/bench/requests.ts';
import { OUTPUTS } from '../../scripts/reference/outputs.ts';
import { schemaOf } from '../../scripts/reference/schema.ts';
import { scratch } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('outputs');
const folder = scratch();
const ajv = new Ajv2020({ strict: true, allErrors: true });
const HASH = 'ab'.repeat(32);
const DIR = ['--dir', 'pki'];

/** Each output, and the words that print it, in the order in which they are run. */
const RUNS: readonly (readonly [keyof typeof OUTPUTS, readonly string[]])[] = [
  ['generate', ['generate', ...DIR, '--key-type', 'ec:prime256v1', '--platform-keys']],
  ['generate', ['generate', ...DIR]],
  ['plan', ['plan', '--platform-keys']],
  ['show', ['show', '--brand', 'Other']],
  ['show ENTITY', ['show', 'ssig', '--key-type', 'ec:prime256v1']],
  ['sign-csr', ['sign-csr', 'device_subca', 'requests', 'forged.csr', '--output-dir', 'out', ...DIR]],
  ['issue', ['issue', 'device_subca', 'device_ocsp', '--profile', 'ocsp', ...DIR]],
  ['revoke', ['revoke', 'out/1.cert', '--reason', 'keyCompromise', ...DIR]],
  ['revoke', ['revoke', 'out/1.cert', '--reason', 'keyCompromise', ...DIR]],
  ['list', ['list', 'device_subca', ...DIR]],
  ['crl', ['crl', ...DIR]],
  ['ocsp', ['ocsp', 'out/1.cert', ...DIR]],
  ['ocsp', ['ocsp', 'out/2.cert', ...DIR]],
  ['renew', ['renew', 'backend', ...DIR]],
  ['renew', ['renew', 'device_subca', '--cascade', ...DIR]],
  ['rekey', ['rekey', 'ocsp_server', ...DIR]],
  ['uefi add', ['uefi', 'add', 'db', HASH, ...DIR]],
  ['uefi rotate', ['uefi', 'rotate', 'KEK', ...DIR]],
  ['uefi show', ['uefi', 'show', 'pki/DB.auth', 'pki/KEK.esl']],
  ['uefi kit', ['uefi', 'kit', 'kit', ...DIR]],
  ['verify', ['verify', 'pki', '--production']],
  ['doctor', ['doctor']],
  ['export anchors', ['export', 'anchors', '--output', 'anchors.pem', ...DIR]],
  ['export anchors --format hash', ['export', 'anchors', '--format', 'hash', ...DIR]],
  ['sign', ['sign', 'config', 'guest.conf', ...DIR]],
  ['check', ['check', 'config', 'guest.conf', ...DIR]],
  ['init-conf', ['init-conf', 'conf']],
  ['request', ['request', 'device_subca', '--output-dir', 'out', ...DIR]],
];

/** The schema with every field that it does not name forbidden. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}

test.before(() => {
  for (const name of ['requests', 'out']) mkdirSync(join(folder, name));
  for (const i of [1, 2]) writeFileSync(join(folder, `requests/${i}.csr`), makeRequest(i));
  writeFileSync(join(folder, 'forged.csr'), 'no request');
  writeFileSync(join(folder, 'guest.conf'), 'name: guest\n');
});

const { run } = programIn(folder);
for (const [output, words] of RUNS)
  test(`${words.slice(0, 3).join(' ')} --json`, async () => {
    const { stdout, stderr } = await run(...words, '--json');
    const validate = ajv.compile(closed(schemaOf(OUTPUTS[output])) as object);
    let printed: unknown;
    try {
      printed = JSON.parse(stdout);
    } catch {
      assert.unreachable(`no JSON: ${stdout.slice(0, 200)}${stderr}`);
    }
    validate(printed);
    assert.equal(
      (validate.errors ?? []).map(each => `${each.instancePath} ${each.message} ${JSON.stringify(each.params)}`),
      [],
    );
  });

test('every output that is described was printed', () => {
  assert.equal([...new Set(RUNS.map(([output]) => output))].sort(), Object.keys(OUTPUTS).sort());
});

test.run();
