import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPss } from '../../scripts/lib/model/types.ts';
import { configErrorOf, entityOf, readOwn } from '../helpers/shipped.ts';

const suite = makeSuite('entity');

const CERTIFICATE = '[certificate]\ndays = 10\nbasicConstraints = critical, CA:TRUE\n';
const CA = `[subject]\ncommonName = CA\n${CERTIFICATE}`;
const read = (text: string, defaults = '') =>
  entityOf(readOwn({ 'defaults.ini': defaults, 'group/ca.ini': text }), 'ca');

suite('an entity file says all that its entity is', () => {
  const entity = read(
    `scheme = rsa-pss\ndigest = sha384\nkey-type = ec:secp384r1\npassphrase-env = A_1 _b\ntext = yes\ncrl-days = 7\n${CA}`,
  );
  assert.equal(
    { ...entity, subject: undefined, certificate: undefined, facts: undefined },
    {
      stem: 'ca',
      group: 'group',
      file: 'own/group/ca.ini',
      issuer: 'ca',
      scheme: 'rsa-pss',
      keyType: { kind: 'ec', curve: 'secp384r1' },
      digest: 'sha384',
      passphraseVariables: ['A_1', '_b'],
      bundle: [],
      hasText: true,
      subject: undefined,
      facts: undefined,
      isCa: true,
      certificate: undefined,
      issued: new Map(),
      pssSalt: 'digest',
      serialOctets: 20,
      keyOf: 'ca',
      token: undefined,
      supplied: undefined,
      isNamedByKey: false,
      isClipped: false,
      crlDays: 7,
      variable: undefined,
    },
  );
  assert.is(entity.certificate.days, 10);
  assert.is(isPss(entity), false, 'the scheme is for RSA keys alone');
});

suite('what no file says has a default', () => {
  const { scheme, keyType, digest, passphraseVariables, crlDays } = read(CA);
  assert.equal(
    { scheme, keyType, digest, passphraseVariables, crlDays },
    { scheme: 'rsa', keyType: { kind: 'rsa', bits: 4096 }, digest: 'sha256', passphraseVariables: [], crlDays: 30 },
  );
});

suite('the subject comes in the order of X.520 whatever the order of the lines is', () => {
  const { subject } = read(`[subject]\ncommonName = {brand} CA\ncountryName = DE\n${CERTIFICATE}`, 'brand = B\n');
  assert.equal(subject, [
    { name: 'countryName', value: 'DE' },
    { name: 'commonName', value: 'B CA' },
  ]);
});

const mistakes: readonly [name: string, text: string, key: string, line: number | undefined, nearest?: string][] = [
  ['missing days', `[subject]\ncommonName = x\n[certificate]\nbasicConstraints = CA:TRUE\n`, 'days', undefined],
  ['missing basicConstraints', `[subject]\ncommonName = x\n[certificate]\ndays = 1\n`, 'basicConstraints', undefined],
  ['a missing commonName', CERTIFICATE, 'commonName', undefined],
  ['an unknown key', `sheme = rsa\n${CA}`, 'sheme', 1, 'scheme'],
  ['an unknown key of a section', `${CA}keyUsages = cRLSign\n`, 'keyUsages', 6, 'keyUsage'],
  ['an unknown usage', `${CA}keyUsage = critical, crlSign\n`, 'keyUsage', 6, 'cRLSign'],
  ['an unknown scheme', `scheme = rsa-ps\n${CA}`, 'scheme', 1, 'rsa-pss'],
  ['an unknown digest', `digest = sha265\n${CA}`, 'digest', 1, 'sha256'],
  ['md5', `digest = md5\n${CA}`, 'digest', 1],
  ['a key type that is none', `key-type = rsa:1\n${CA}`, 'key-type', 1],
  ['text = no', `text = no\n${CA}`, 'text', 1],
  ['a passphrase in place of the name of a variable', `passphrase-env = pass-word\n${CA}`, 'passphrase-env', 1],
  ['URLs that are not there', `urls = custommer\n${CA}`, 'urls', 1, 'customer'],
  ['days of zero', `[subject]\ncommonName = x\n[certificate]\nbasicConstraints = CA:TRUE\ndays = 0\n`, 'days', 5],
  ['days with a unit', `[subject]\ncommonName = x\n[certificate]\nbasicConstraints = CA:TRUE\ndays = 10d\n`, 'days', 5],
  ['a country of three letters', `${CERTIFICATE}[subject]\ncommonName = x\ncountryName = DEU\n`, 'countryName', 6],
  ['a name of 65 characters', `${CERTIFICATE}[subject]\ncommonName = ${'x'.repeat(65)}\n`, 'commonName', 5],
  ['a $ in a name', `${CERTIFICATE}[subject]\ncommonName = $HOME\n`, 'commonName', 5],
  ['a newline in a quoted name', `${CERTIFICATE}[subject]\ncommonName = "a\\nb"\n`, 'commonName', 5],
  ['a word in braces that is not {brand}', `${CERTIFICATE}[subject]\ncommonName = {bland}\n`, 'commonName', 5],
  ['a $ in a subjectAltName', `${CA}subjectAltName = DNS:$x\n`, 'subjectAltName', 6],
  ['a variable that UEFI has not', `${CA}[variable]\nname = DB\ncontains = ca\nauthoriser = ca\n`, 'name', 7, 'db'],
  ['a variable without authoriser', `${CA}[variable]\nname = db\ncontains = ca\n`, 'authoriser', undefined],
];
for (const [name, text, key, line, nearest] of mistakes)
  suite(`${name}: one problem that names file, key and line`, () => {
    const { problems } = configErrorOf(() => read(text, '[urls customer]\nOCSP = http://x/\n'));
    assert.equal(
      problems.map(problem => [problem.file, problem.key, problem.line]),
      [['own/group/ca.ini', key, line]],
    );
    if (nearest) assert.is(problems[0]?.nearest, nearest);
  });

suite('an unknown section is named with its nearest', () => {
  const { problems, hint } = configErrorOf(() => read(`${CA}[isued]\ndays = 1\n`));
  assert.is(problems[0]?.section, 'isued');
  assert.is(problems[0]?.nearest, 'issued');
  assert.is(hint, 'did you mean "issued"?');
});

for (const [name, text] of [
  ['a section', `${CA}[constructor]\nx = 1\n`],
  ['a key', `${CA}constructor = 1\n`],
  ['a key of an entity', `toString = 1\n${CA}`],
])
  suite(`${name} that is called as a part of JavaScript is unknown like any other`, () => {
    assert.is(configErrorOf(() => read(text!)).problems.length, 1);
  });

suite('64 characters are counted, not bytes or UTF-16 units', () => {
  const name = '𝕏'.repeat(64);
  assert.is(read(`${CERTIFICATE}[subject]\ncommonName = ${name}\n`).subject[0]?.value, name);
});

suite('a serial number has 8 to 20 octets', () => {
  for (const octets of [8, 20]) assert.is(read(`serial-octets = ${octets}\n${CA}`).serialOctets, octets);
  for (const octets of [7, 21])
    assert.match(configErrorOf(() => read(`serial-octets = ${octets}\n${CA}`)).message, /serial-octets/);
});

suite.run();
