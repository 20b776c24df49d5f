import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { configErrorOf, entityOf, readOwn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('profile');

const CA = '[subject]\ncommonName = CA\n[certificate]\ndays = 99\nbasicConstraints = critical, CA:TRUE\n';
const SIGNING = `${CA}keyUsage = keyCertSign\n`;
const ISSUED = 'days = 9\nbasicConstraints = critical, CA:FALSE\n';
const read = (rest: string, certificate = SIGNING) => entityOf(readOwn({ 'x.ini': certificate + rest }), 'x');
const messageOf = (rest: string, certificate = SIGNING): string => configErrorOf(() => read(rest, certificate)).message;

suite('a CA has the profiles that its file names, the one without a name as the empty one', () => {
  const { issued } = read(`[issued]\n${ISSUED}[issued web-server]\n${ISSUED}extendedKeyUsage = serverAuth\n`);
  assert.equal([...issued.keys()], ['', 'web-server']);
  assert.ok(issued.get('web-server')!.extensions.some(({ value }) => value === 'serverAuth'));
  assert.not.ok(issued.get('')!.extensions.some(({ value }) => value === 'serverAuth'));
});

for (const name of ['rsa', 'two words', '1st', 'a_b'])
  suite(`[issued ${name}] is refused, with its line`, () => {
    assert.match(messageOf(`[issued ${name}]\n${ISSUED}`), /^own\/x\.ini:8: \[issued .*\]: expected a profile name/);
  });

suite('a certificate that is no CA has no profiles', () => {
  assert.match(
    messageOf(`[issued]\n${ISSUED}`, CA.replace('TRUE', 'FALSE')),
    /^own\/x\.ini:7: \[issued\]: expected no such section where basicConstraints of \[certificate\] says CA:FALSE$/,
  );
});

suite('an emptied section is no profile', () => {
  const empty = Object.entries({ days: '', basicConstraints: '', keyUsage: '' }).map(([key]) => `${key} =\n`);
  const files = { 'ssig_rootca.ini': `[issued]\n${empty.join('')}caIssuers =\nOCSP =\ncrlDistributionPoints =\n` };
  assert.equal([...entityOf(readShipped(files), 'ssig_rootca').issued.keys()], ['ca', 'ocsp']);
});

const VALIDITIES: readonly [lines: string, notBefore: string | undefined, notAfter: string | undefined][] = [
  ['notAfter = 2030-01-02', undefined, '2030-01-02T00:00:00.000Z'],
  ['notAfter = 2030-01-02T03:04:05Z', undefined, '2030-01-02T03:04:05.000Z'],
  ['notBefore = 2020-02-29\nnotAfter = 9999-12-31T23:59:59Z', '2020-02-29T00:00:00.000Z', '9999-12-31T23:59:59.000Z'],
  ['notBefore = 2026-01-01\ndays = 9', '2026-01-01T00:00:00.000Z', undefined],
];
for (const [lines, notBefore, notAfter] of VALIDITIES)
  suite(`${lines.replace('\n', ', ')} is a validity`, () => {
    const { certificate } = read('', CA.replace('days = 99', lines));
    assert.equal([certificate.notBefore?.toISOString(), certificate.notAfter?.toISOString()], [notBefore, notAfter]);
  });

const WRONG: readonly [lines: string, expected: RegExp][] = [
  ['notAfter = 2030-02-30', /notAfter: found "2030-02-30", expected a day/],
  ['notAfter = 1.1.2030', /expected a day/],
  ['notAfter = 2030-01-02 03:04:05', /expected a day/],
  ['notAfter = 2030-01-02T03:04:05+01:00', /expected a day/],
  ['notAfter = 1949-12-31', /expected a day/],
  ['notAfter = 2030-01-02T24:00:00Z', /expected a day/],
  ['days = 9\nnotAfter = 2030-01-01', /either days or notAfter/],
  ['notBefore = 2030-01-01\nnotAfter = 2030-01-01', /a time after notBefore/],
  ['notBefore = 2030-01-01', /days: expected a value/],
];
for (const [lines, expected] of WRONG)
  suite(`${lines.replace('\n', ', ')} is refused`, () => {
    assert.match(messageOf('', CA.replace('days = 99', lines)), expected);
  });

suite('a power that an own file removed is told at that line', () => {
  assert.equal(
    configErrorOf(() => readShipped({ 'backend.ini': '[certificate]\nbasicConstraints =\n' })).problems.map(
      ({ file, line, key, found }) => [file, line, key, found],
    ),
    [['own/backend.ini', 2, 'basicConstraints', '']],
  );
});

suite.run();
