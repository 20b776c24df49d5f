import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asksForUnknown } from '../../scripts/lib/model/extension-rules.ts';
import { tightestFor } from '../../scripts/lib/model/subject.ts';
import { configErrorOf, entityOf, type OwnFiles, readOwn } from '../helpers/shipped.ts';

const test = suite('signers');

const ca = (top: string, certificate = '', issued = ''): string =>
  `key-type = rsa:2048\n${top}\n[subject]\ncommonName = ${top.replaceAll('\n', ' ') || 'root'}\n[certificate]\ndays = 9\nbasicConstraints = critical, CA:TRUE\n${certificate}\n${issued}`;
const SIGNS = 'keyUsage = keyCertSign';

const problemsOf = (files: OwnFiles): string[] =>
  configErrorOf(() => readOwn(files)).problems.map(({ file, section, key }) => `${file} ${section}/${key}`);

const sound: readonly [what: string, files: OwnFiles][] = [
  ['a certificate that stands alone, as those of UEFI keys, may be without usages', { 'x.ini': ca('') }],
  ['CAs that may sign', { 'x.ini': ca('', SIGNS), 'y.ini': ca('issuer = x', SIGNS) }],
  ['SHA-3 with RSA as in PKCS #1', { 'x.ini': ca('scheme = rsa\ndigest = sha3-256', SIGNS) }],
  ['SHA-2 with RSA-PSS', { 'x.ini': ca('scheme = rsa-pss\ndigest = sha256', SIGNS) }],
];
for (const [what, files] of sound)
  test(what, () => {
    assert.is(readOwn(files).hierarchy.size, Object.keys(files).length);
  });

const broken: readonly [what: string, files: OwnFiles, expected: readonly string[]][] = [
  ['below another', { 'x.ini': ca('', SIGNS), 'y.ini': ca('issuer = x') }, ['own/y.ini certificate/keyUsage']],
  ['above another', { 'x.ini': ca(''), 'y.ini': ca('issuer = x', SIGNS) }, ['own/x.ini certificate/keyUsage']],
  [
    'with a profile',
    { 'x.ini': ca('', '', '[issued]\ndays = 3\nbasicConstraints = CA:FALSE') },
    ['own/x.ini certificate/keyUsage'],
  ],
  ['SHA-3 with RSA-PSS', { 'x.ini': ca('scheme = rsa-pss\ndigest = sha3-256', SIGNS) }, ['own/x.ini /digest']],
];
for (const [what, files, expected] of broken)
  test(`refused: ${what}`, () => {
    assert.equal(problemsOf(files), expected);
  });

test('extensions that verifiers do not know are asked for where they are critical alone', () => {
  const asks = (line: string) =>
    asksForUnknown(
      entityOf(
        readOwn({ 'x.ini': ca('', SIGNS), 'y.ini': ca('issuer = x', line).replace('critical, CA:TRUE', 'CA:FALSE') }),
        'y',
      ).certificate,
    );
  assert.not.ok(asksForUnknown(undefined));
  assert.ok(asks('1.2.3.4 = critical, DER:0500'));
  assert.not.ok(asks('1.2.3.4 = DER:0500'));
});

test('a brand has the room that the rest of a value, with the space behind it, leaves', () => {
  const fact = { file: 'x.ini', line: 1, value: `{brand} ${'x'.repeat(20)}` };
  const of = (length: number) => tightestFor('b'.repeat(length), [new Map([['commonName', fact]])]);
  assert.is(of(43), undefined);
  assert.equal(of(44), { fact, room: 43 });
});

test.run();
