// What the check before publishing finds: each way in which a PKI directory can be unsound, made on purpose.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDirectory, refuseUnsound } from '../../scripts/lib/check/check.ts';
import type { VariableFiles } from '../../scripts/lib/model/uefi.ts';
import { door, STEMS, scratch, tool } from '../helpers/door.ts';
import { surroundingsOf } from '../helpers/surroundings.ts';
import { copyOf, sharedPki, verify } from './sound-pki.ts';

const test = suite('check');
const folder = scratch();
let [sound, other] = ['', ''];
const VARIABLES: readonly VariableFiles[] = [
  { stem: 'PK', variable: { name: 'PK', contains: ['PK'], authoriser: 'PK' } },
  { stem: 'KEK', variable: { name: 'KEK', contains: ['KEK'], authoriser: 'PK' } },
  { stem: 'DB', variable: { name: 'db', contains: ['DB', 'ssig_subca'], authoriser: 'KEK' } },
];
const ALL = [...STEMS, 'PK', 'KEK', 'DB'];
const ENCRYPTED = /^(gen_rootca|\w+_subca)$/;

test.before(async () => {
  [sound, other] = await Promise.all([sharedPki('sound'), sharedPki('other')]);
});

/** Findings as "code file" for a copy of the sound directory that `harm` has harmed. */
async function findingsAfter(harm: (out: string) => void): Promise<string[]> {
  const out = copyOf(sound, join(folder, 'harmed'), harm);
  const findings = await checkDirectory(
    {
      stems: new Set(ALL),
      passphraseOf: stem => (ENCRYPTED.test(stem) && !stem.startsWith('ssig') ? 'P' : undefined),
      variables: VARIABLES,
    },
    surroundingsOf(out, process.env, () => 'test1234'),
  );
  if (findings.length > 0) assert.throws(() => refuseUnsound(findings), /nothing was published/);
  return findings.map(({ code, file }) => `${code} ${file}`).sort();
}
const swap = (file: string) => (out: string) => cpSync(join(other, file), join(out, file));
const edit = (file: string, change: (bytes: Buffer) => Buffer) => (out: string) =>
  writeFileSync(join(out, file), change(readFileSync(join(out, file))));

const flipLastByte = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1');
  const first = text.slice(text.indexOf('-----BEGIN'), text.indexOf('-----END'));
  const body = Buffer.from(first.split('\n').slice(1).join(''), 'base64');
  body[body.length - 1]! ^= 1;
  return Buffer.from(
    text.replace(first, `-----BEGIN CERTIFICATE-----\n${body.toString('base64').replace(/.{64}/g, '$&\n')}\n`),
  );
};
const withForeignRoot = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, bytes.lastIndexOf('-----BEGIN')), readFileSync(join(other, 'gen_rootca.cert'))]);

type Mistake = readonly [name: string, harm: (out: string) => void, expected: readonly string[]];

/** Mistakes that do not meet share a copy. */
const COPIES: readonly (readonly Mistake[])[] = [
  [['a sound directory has no finding', () => {}, []]],
  [
    ["another PKI's key", swap('backend.key'), ['pair-mismatch backend.cert']],
    ["another PKI's encrypted key", swap('device_subca.key'), ['pair-mismatch device_subca.cert']],
    [
      "another PKI's end-entity certificate",
      swap('ssig_cml.cert'),
      ['chain-broken ssig_cml.cert', 'pair-mismatch ssig_cml.cert'],
    ],
    [
      'a certificate that is none',
      out => writeFileSync(join(out, 'ssig.cert'), 'no PEM'),
      ['certificate-unreadable ssig.cert'],
    ],
    [
      'a certificate whose signature is damaged',
      edit('ocsp_server.cert', flipLastByte),
      ['chain-refused ocsp_server.cert'],
    ],
    ['a bundle with a foreign root', edit('user_subca.cert', withForeignRoot), ['bundle-mismatch user_subca.cert']],
  ],
  [
    ['a list of somebody else', swap('KEK.esl'), ['list-mismatch KEK.esl', 'update-mismatch KEK.auth']],
    [
      'a list that is cut off',
      edit('DB.esl', bytes => bytes.subarray(0, -5)),
      ['list-unreadable DB.esl', 'update-mismatch DB.auth'],
    ],
    ['an update that is none', out => writeFileSync(join(out, 'PK.auth'), 'x'), ['update-unreadable PK.auth']],
    ['an export of another certificate', swap('certs/signing_key.x509'), ['export-mismatch certs/signing_key.x509']],
    ['an export of another key', swap('certs/signing_key.pem'), ['export-mismatch certs/signing_key.pem']],
  ],
  [
    [
      'db without ssig_subca in list and update',
      out => cpSync(join(out, '.pki/DB.esl'), join(out, 'DB.esl')),
      ['list-mismatch DB.esl', 'update-mismatch DB.auth'],
    ],
    [
      'an update whose time was changed after signing',
      edit('PK.auth', bytes =>
        Buffer.concat([bytes.subarray(0, 6), Buffer.from([(bytes[6]! + 1) % 60]), bytes.subarray(7)]),
      ),
      ['update-refused PK.auth'],
    ],
    ['an update that is missing', out => rmSync(join(out, 'KEK.auth')), ['update-unreadable KEK.auth']],
  ],
  [
    [
      'an update signed by the wrong authoriser',
      out =>
        tool(
          'sh',
          ['-c', "rm DB.auth && sign-efi-sig-list -t '2026-01-01 00:00:00' -k PK.key -c PK.crt db DB.esl DB.auth"],
          out,
        ),
      ['update-refused DB.auth'],
    ],
  ],
];
for (const mistakes of COPIES)
  test(mistakes.map(([name]) => name).join('; '), async () => {
    const found = await findingsAfter(out => {
      for (const [, harm] of mistakes) harm(out);
    });
    assert.equal(found, mistakes.flatMap(([, , expected]) => expected).sort());
  });

test('a configuration that leads to what strict verification refuses is not published', async () => {
  const conf = join(folder, 'conf');
  const out = join(folder, 'refused');
  tool('mkdir', ['-p', join(conf, 'customer')]);
  const constraint = 'nameConstraints = "critical, permitted;DNS:example.org"';
  writeFileSync(join(conf, 'customer/gen_rootca.ini'), `[certificate]\n${constraint}\n`);
  const { status, stderr } = await door([out, 'ec:prime256v1', '--conf', conf]);
  assert.is(status, 1);
  assert.match(stderr, /verification before publishing failed, nothing was published:\n {2}\w+\.cert: /);
  assert.throws(() => readFileSync(out), /ENOENT/);
});

test('a critical extension that the configuration asks for is published, and is meant where that is known', async () => {
  const conf = join(folder, 'meant');
  const out = join(folder, 'critical');
  tool('mkdir', ['-p', join(conf, 'customer')]);
  const text = '[certificate]\n1.3.6.1.4.1.99999.5 = critical, ASN1:UTF8String:x\n';
  writeFileSync(join(conf, 'customer/backend.ini'), text);
  const { status, stderr } = await door([out, 'ec:prime256v1', '--conf', conf]);
  assert.is(status, 0, stderr);
  const codes = async (configurationFolders: readonly string[]) =>
    (await verify(out, { configurationFolders })).map(({ code, file }) => `${code} ${file}`);
  assert.equal(await codes([conf]), ['other-option .']);
  assert.ok((await codes([])).includes('critical-unknown backend.cert'));
});

test('a validity that begins later is verified for then', async () => {
  const conf = join(folder, 'later');
  const out = join(folder, 'begins');
  tool('mkdir', ['-p', join(conf, 'customer')]);
  const begin = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
  writeFileSync(join(conf, 'defaults.ini'), 'outliving = clip\n');
  writeFileSync(join(conf, 'customer/backend_subca.ini'), `[certificate]\nnotBefore = ${begin}\n`);
  const { status, stderr } = await door([out, 'ec:prime256v1', '--conf', conf]);
  assert.is(status, 0, stderr);
  const told = (await verify(out, { configurationFolders: [conf] })).filter(({ code }) => code === 'not-yet-valid');
  assert.equal(
    told.map(({ file, message }) => `${file} ${message}`),
    [`backend_subca.cert it is not valid before ${begin}`],
  );
  const then = { now: new Date(`${begin}T00:00:01Z`), configurationFolders: [conf] };
  assert.not((await verify(out, then)).some(({ severity }) => severity === 'error'));
});

test('a validity that is over before that of its issuer begins is not published', async () => {
  const conf = join(folder, 'never');
  tool('mkdir', ['-p', join(conf, 'customer')]);
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  writeFileSync(join(conf, 'defaults.ini'), 'outliving = clip\n');
  writeFileSync(join(conf, 'customer/backend_subca.ini'), `[certificate]\nnotBefore = ${day(40)}\n`);
  writeFileSync(join(conf, 'customer/backend.ini'), `[certificate]\ndays =\nnotAfter = ${day(20)}\n`);
  const { status, stderr } = await door([join(folder, 'over'), 'ec:prime256v1', '--conf', conf]);
  assert.is(status, 1);
  assert.match(stderr, /backend\.cert: openssl refuses it: certificate has expired/);
});

test.run();
