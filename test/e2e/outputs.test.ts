// What `--json` prints is what docs/reference.md and docs/output-schemas.json say, no field less and none more.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest } from '../../scripts/bench/requests.ts';
import { OUTPUTS } from '../../scripts/reference/outputs.ts';
import { schemaOf } from '../../scripts/reference/schema.ts';
import { STEMS, scratch } from '../helpers/door.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('outputs');
const folder = scratch();
const ajv = new Ajv2020({ strict: true, allErrors: true });
const HASH = 'ab'.repeat(32);
const DIR = ['--dir', 'pki'];
const BEGUN = ['--dir', 'begun', '--conf', 'few', '--key-type', 'ec:prime256v1'];
/** The entities of a PKI whose root is elsewhere. */
const AWAITED = ['guestos_subca', 'user_subca'];

/** Each output, and the words that print it, in the order in which they are run. */
const RUNS: readonly (readonly [keyof typeof OUTPUTS, readonly string[]])[] = [
  ['generate', ['generate', ...DIR, '--key-type', 'ec:prime256v1', '--platform-keys']],
  ['generate', ['generate', ...DIR]],
  ['plan', ['plan', '--platform-keys']],
  ['plan --diff', ['plan', '--diff', ...DIR, '--brand', 'Other']],
  ['show', ['show', '--brand', 'Other']],
  ['show ENTITY', ['show', 'ssig', '--key-type', 'ec:prime256v1']],
  ['show ENTITY --cnf', ['show', 'ssig', '--cnf']],
  ['graph', ['graph']],
  ['sign-csr', ['sign-csr', 'device_subca', 'requests', 'forged.csr', '--output-dir', 'out', ...DIR]],
  ['issue', ['issue', 'device_subca', 'device_ocsp', '--profile', 'ocsp', ...DIR]],
  ['revoke', ['revoke', 'out/1.cert', '--reason', 'keyCompromise', ...DIR]],
  ['revoke', ['revoke', 'out/1.cert', '--reason', 'keyCompromise', ...DIR]],
  ['list', ['list', 'device_subca', ...DIR]],
  ['crl', ['crl', ...DIR]],
  ['ocsp', ['ocsp', 'out/1.cert', ...DIR]],
  ['ocsp', ['ocsp', 'out/2.cert', ...DIR]],
  ['ocsp --command', ['ocsp', '--command', 'device_subca', ...DIR]],
  ['renew', ['renew', 'backend', ...DIR]],
  ['renew', ['renew', 'device_subca', '--cascade', ...DIR]],
  ['rekey', ['rekey', 'ocsp_server', ...DIR]],
  ['uefi add', ['uefi', 'add', 'db', HASH, ...DIR]],
  ['uefi add', ['uefi', 'add', 'db', HASH, ...DIR]],
  ['uefi remove', ['uefi', 'remove', 'db', HASH, ...DIR]],
  ['uefi rotate', ['uefi', 'rotate', 'KEK', ...DIR]],
  ['uefi rotate --finish', ['uefi', 'rotate', 'KEK', '--finish', ...DIR]],
  ['uefi remove PK', ['uefi', 'remove', 'PK', ...DIR]],
  ['uefi show', ['uefi', 'show', 'pki/DB.auth', 'pki/KEK.esl']],
  ['uefi kit', ['uefi', 'kit', 'kit', ...DIR]],
  ['graph', ['graph', ...DIR]],
  ['verify', ['verify', 'pki', '--production']],
  ['doctor', ['doctor']],
  ['export anchors', ['export', 'anchors', '--output', 'anchors.pem', ...DIR]],
  ['export anchors --format hash', ['export', 'anchors', '--format', 'hash', ...DIR]],
  ['export pkcs12', ['export', 'pkcs12', 'backend', '--output', 'backend.p12', ...DIR]],
  ['sign', ['sign', 'config', 'guest.conf', ...DIR]],
  ['check', ['check', 'config', 'guest.conf', ...DIR]],
  ['init-conf', ['init-conf', 'conf']],
  ['request', ['request', 'device_subca', '--output-dir', 'out', ...DIR]],
  ['sign-csr', ['sign-csr', 'gen_rootca', 'out/device_subca.csr', '--same-key', ...DIR]],
  ['import', ['import', 'device_subca', 'out/device_subca.cert', '--cascade', ...DIR]],
  ...AWAITED.flatMap((name): [keyof typeof OUTPUTS, string[]][] => [
    ['request', ['request', name, ...BEGUN]],
    ['sign-csr', ['sign-csr', 'gen_rootca', `begun/${name}.csr`, '--output-dir', 'out', ...DIR]],
  ]),
  ...AWAITED.map((name): [keyof typeof OUTPUTS, string[]] => [
    'import, of a PKI that is not there yet',
    ['import', name, `out/${name}.cert`, ...BEGUN],
  ]),
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
  mkdirSync(join(folder, 'few'));
  const others = [...STEMS, 'PK', 'KEK', 'DB'].filter(stem => ![...AWAITED, 'gen_rootca'].includes(stem));
  for (const stem of others) writeFileSync(join(folder, `few/${stem}.ini`), 'remove = yes\n');
  writeFileSync(join(folder, 'few/gen_rootca.ini'), `certificate-file = ${join(folder, 'pki/gen_rootca.cert')}\n`);
});

const { run } = programIn(folder, { TRUSTME_PKI_P12_PASSWORD: 'secret' });
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
