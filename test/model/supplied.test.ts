import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfiguration } from '../../scripts/lib/model/configuration.ts';
import { parseKeyType } from '../../scripts/lib/model/key-type.ts';
import { outlivingSupplied } from '../../scripts/lib/model/nesting.ts';
import type { SuppliedFacts } from '../../scripts/lib/model/supplied.ts';
import { isPss } from '../../scripts/lib/model/types.ts';
import { DAY } from '../../scripts/lib/model/validity.ts';
import { signatureOptions } from '../../scripts/lib/plan/openssl.ts';
import { readShippedFolder } from '../../scripts/lib/store/configuration-folder.ts';
import { entityOf, NOW } from '../helpers/shipped.ts';

const suite = makeSuite('supplied');

const notBefore = new Date(Date.UTC(2025, 0, 1));
const notAfter = new Date(Date.UTC(2040, 0, 1));

/** The shipped configuration with gen_rootca from a file that says `facts`. */
function withRoot(
  text: string,
  asked: string,
  key: SuppliedFacts['key'] | 'nothing',
  others: Readonly<Record<string, string>> = {},
  end = notAfter,
) {
  const inis = { 'gen_rootca.ini': `certificate-file = root.pem\n${text}`, ...others };
  const own = Object.entries(inis).map(([name, content]) => ({ name, file: `own/${name}`, text: content }));
  const ends = new Map([
    ['own/root.pem', end],
    ['own/sub.pem', notAfter],
  ]);
  const read = (path: string) =>
    ends.has(path) && key !== 'nothing' ? { key, notBefore, notAfter: ends.get(path)! } : undefined;
  return readConfiguration([readShippedFolder(), own], { now: NOW, keyType: parseKeyType(asked) }, [], read);
}

const RSA = { keyType: parseKeyType('rsa:2048'), isPssKey: false };
const PSS = { keyType: parseKeyType('rsa:2048'), isPssKey: true };
const EC = { keyType: parseKeyType('ec:prime256v1'), isPssKey: false };
const SALT = ['-sigopt', 'rsa_pss_saltlen:digest'];
const CERTIFICATE = 'days = 10\nbasicConstraints = critical, CA:TRUE\n';
const TOKEN = '[key]\nstorage = pkcs11\ntoken = t\nobject = o\n';

const signatures: readonly [what: string, text: string, asked: string, key: SuppliedFacts['key'], options: string[]][] =
  [
    ['an EC key among RSA keys', 'scheme = rsa-pss', 'rsa:2048', EC, ['-sha256']],
    ['an rsassaPss key among EC keys', '', 'ec:prime256v1', PSS, ['-sha256', ...SALT]],
    ['an rsassaPss key where rsa is configured', 'scheme = rsa', 'rsa:2048', PSS, ['-sha256', ...SALT]],
    ['an rsaEncryption key where rsa-pss is configured', 'scheme = rsa-pss', 'rsa:2048', RSA, ['-sha256']],
    ['an Ed25519 key', '', 'rsa:2048', { keyType: parseKeyType('ed25519'), isPssKey: false }, []],
    ['a key of a type that nobody knows: as configured', 'scheme = rsa', 'rsa:2048', undefined, ['-sha256']],
    [
      'the rsaEncryption key of a token: scheme as configured',
      `scheme = rsa-pss\n${TOKEN}`,
      'ec:prime256v1',
      RSA,
      ['-sha256', '-sigopt', 'rsa_padding_mode:pss', ...SALT],
    ],
  ];
for (const [what, text, asked, key, expected] of signatures)
  suite(`signatures by ${what}`, () => {
    const root = entityOf(withRoot(text, asked, key), 'gen_rootca');
    assert.equal(signatureOptions(root), expected);
  });

suite('its validity is that of the certificate; what cannot be read is as configured', () => {
  const { days, ...times } = entityOf(withRoot('', 'rsa:2048', EC), 'gen_rootca').certificate;
  assert.equal([days, times.notBefore, times.notAfter], [undefined, notBefore, notAfter]);
  const unread = entityOf(withRoot('', 'rsa:2048', 'nothing'), 'gen_rootca');
  assert.ok(unread.certificate.days && !unread.certificate.notAfter);
  assert.equal(unread.keyType, parseKeyType('rsa:2048'));
});

suite('what is made does not outlive a CA that was made elsewhere: refused, or clipped', () => {
  const end = new Date(NOW.getTime() + 300 * DAY);
  const subCa = (text: string) => withRoot('', 'rsa:2048', EC, { 'device_subca.ini': text }, end);
  const { hierarchy } = subCa('outliving = clip\n');
  const { certificate } = hierarchy.get('device_subca')!;
  assert.equal([certificate.days, certificate.notAfter], [undefined, end]);
  const problems = outlivingSupplied([...hierarchy.values()], hierarchy, NOW);
  assert.equal(problems.map(({ file }) => file.replace(/.*\//, '')).sort(), [
    'backend_subca.ini',
    'guestos_subca.ini',
    'user_subca.ini',
  ]);
  assert.is(
    problems[0]!.expected,
    'at most the validity of its issuer gen_rootca (from 2025-01-01T00:00:00Z, until 2026-10-29T03:04:05Z), or "outliving = clip"',
  );
  assert.match(
    subCa('outliving = clip\n').notes.join('\n'),
    /^device_subca \[certificate\]: until .* instead of 2190 days/m,
  );
  // What is there already is not judged by a clock that goes on, nor what is as it is.
  assert.equal(outlivingSupplied([], hierarchy, NOW), []);
  const made = subCa('certificate-file = sub.pem\n').hierarchy;
  assert.equal(outlivingSupplied([made.get('device_subca')!], made, NOW), []);
});

suite('usages go with the key, and a cross-certificate with that of its owner', () => {
  const usage = 'keyUsage = critical, keyCertSign, keyEncipherment\n';
  const text = `key-file = root.key\n[certificate]\n${usage}`;
  const cross = { 'gen_cross.ini': `issuer = ssig_rootca\nkey-of = gen_rootca\n[certificate]\n${CERTIFICATE}${usage}` };
  for (const [asked, key, isKept] of [
    ['ec:prime256v1', RSA, true],
    ['rsa:2048', EC, false],
    ['rsa:2048', PSS, false],
  ] as const) {
    const configuration = withRoot(text, asked, key, cross);
    for (const entity of ['gen_rootca', 'gen_cross'].map(stem => entityOf(configuration, stem))) {
      const line = entity.certificate.extensions.find(({ name }) => name === 'keyUsage')?.value;
      assert.is(line, `critical, keyCertSign${isKept ? ', keyEncipherment' : ''}`, `${entity.stem} ${asked}`);
      assert.equal(entity.keyType, key.keyType);
      assert.is(isPss(entity), key === PSS);
    }
    assert.ok(entityOf(configuration, 'gen_cross').certificate.days);
  }
});

suite.run();
