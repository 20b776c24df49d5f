// Where a mistake is said to be, and what may stand there; and how long a certificate lasts.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepsDatabase } from '../../scripts/lib/model/types.ts';
import { validityOf } from '../../scripts/lib/model/validity.ts';
import { configErrorOf, entityOf, NOW, type OwnFiles, readOwn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('values');

const problemsOf = (files: OwnFiles) => configErrorOf(() => readShipped(files)).problems;

suite('a section that cannot be is told at its first line in the file that changed it', () => {
  const ini = '[certificate]\nbasicConstraints = critical, CA:FALSE\n[issued]\ncopy = subjectAltName\ndays = 9\n';
  const found = problemsOf({ 'customer/user_subca.ini': ini }).find(
    ({ section, key }) => section === 'issued' && !key,
  )!;
  assert.equal([found.file, found.line], ['own/customer/user_subca.ini', 4]);
});

suite('a section of one line has a place, too', () => {
  const ini =
    '[subject]\ncommonName = x\n[certificate]\ndays = 9\nbasicConstraints = critical, CA:FALSE\n[issued]\ndays = 1\n';
  const { problems } = configErrorOf(() => readOwn({ 'x.ini': ini }));
  const found = problems.find(({ section, key }) => section === 'issued' && !key)!;
  assert.equal([found.file, found.line], ['own/x.ini', 7]);
});

suite('a section that there is not is told where it stands, with the one that is near', () => {
  const [found] = problemsOf({ 'customer/backend.ini': '\n[certifcate]\ndays = 1\n' });
  assert.equal([found!.file, found!.line, found!.nearest], ['own/customer/backend.ini', 3, 'certificate']);
});

suite('what else than the names that are listed may stand in a section is said where there is such', () => {
  const expectedOf = (section: string) =>
    problemsOf({ 'customer/backend.ini': `[${section}]\nqqqqqqqq = 1\n` }).find(({ key }) => key === 'qqqqqqqq')!
      .expected;
  assert.match(expectedOf('subject'), /, or an OID$/);
  assert.not.match(expectedOf('variable'), /, or /);
});

suite('a day has 86,400 seconds; what says no end ends when it begins', () => {
  assert.is(
    validityOf({ days: 2, notBefore: undefined, notAfter: undefined }, NOW).notAfter.getTime() - NOW.getTime(),
    172_800_000,
  );
  assert.equal(validityOf({ days: undefined, notBefore: undefined, notAfter: undefined }, NOW).notAfter, NOW);
});

suite('a CA keeps a database, with and without a profile; a UEFI key and a cross-certificate keep none', () => {
  const powers = 'days = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n';
  const ini = (top: string, more: string) => `${top}[subject]\ncommonName = CA\n[certificate]\n${powers}${more}`;
  const configuration = readShipped({
    'a.ini': ini('', '[issued]\ndays = 1\nbasicConstraints = critical, CA:FALSE\n'),
    'b.ini': ini('', ''),
    'c.ini': ini('issuer = gen_rootca\nkey-of = b\n', ''),
  });
  assert.equal(
    ['a', 'b', 'c', 'KEK', 'backend'].filter(stem => keepsDatabase(entityOf(configuration, stem))),
    ['a', 'b'],
  );
});

suite.run();
