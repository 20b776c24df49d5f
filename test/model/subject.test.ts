import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { configErrorOf, entityOf, readOwn } from '../helpers/shipped.ts';

const suite = makeSuite('subject');

const CERTIFICATE = '[certificate]\ndays = 9\nbasicConstraints = critical, CA:TRUE\n';
const read = (lines: string, defaults = '') =>
  readOwn({
    'defaults.ini': defaults === '' ? '' : `[subject]\n${defaults}`,
    'x.ini': `[subject]\n${lines}\n${CERTIFICATE}`,
  });
/** Names as openssl's section has them; which number comes before a name does not matter. */
const subjectOf = (lines: string, defaults = ''): string =>
  entityOf(read(lines, defaults), 'x')
    .subject.map(({ name, value }) => `${name.replace(/^\d+\.(?=\+?([A-Za-z]|1\.3\.6\.1\.4))/, 'N.')}=${value}`)
    .join(' | ');

const subjects: readonly [what: string, lines: string, expected: string][] = [
  [
    'a second value of an attribute follows the first by number',
    'organizationalUnitName-10 = c\norganizationalUnitName-2 = b\norganizationalUnitName = a\ncommonName = x',
    'N.organizationalUnitName=a | N.organizationalUnitName=b | N.organizationalUnitName=c | commonName=x',
  ],
  [
    'a number without a first one is a value like any other',
    'commonName-2 = y\ncommonName = x',
    'N.commonName=x | N.commonName=y',
  ],
  [
    'OIDs come last, each with a number that openssl drops',
    '1.3.6.1.4.1.99999.2 = b\n1.3.6.1.4.1.99999.1 = a\ncommonName = x',
    'commonName=x | N.1.3.6.1.4.1.99999.1=a | N.1.3.6.1.4.1.99999.2=b',
  ],
  [
    'the order that is asked for comes first, what it leaves out after it',
    'commonName = x\ncountryName = DE\nlocalityName = Berlin\norder = commonName localityName',
    'commonName=x | localityName=Berlin | countryName=DE',
  ],
  [
    '"+" joins attributes to one relative distinguished name, blanks around it or not',
    'commonName = x\nserialNumber = 1\nuserId = u\norder = commonName + serialNumber+userId',
    'commonName=x | +serialNumber=1 | +userId=u',
  ],
  [
    'numbers and "+" go together',
    'commonName = x\norganizationalUnitName = a\norganizationalUnitName-2 = b\norder = commonName organizationalUnitName+organizationalUnitName-2',
    'commonName=x | N.organizationalUnitName=a | N.+organizationalUnitName=b',
  ],
];
for (const [what, lines, expected] of subjects)
  suite(what, () => {
    assert.is(subjectOf(lines), expected);
  });

suite('the order of defaults.ini holds where an entity has the attributes', () => {
  assert.is(
    subjectOf('commonName = x', 'countryName = DE\norder = commonName countryName'),
    'commonName=x | countryName=DE',
  );
});

const mistakes: readonly [lines: string, key: string, found: string, nearest?: string][] = [
  ['commonName = x\norder = commonNam', 'order', 'commonNam', 'commonName'],
  ['commonName = x\norder = commonName+title', 'order', 'title'],
  ['commonName = x\norder = commonName commonName', 'order', 'commonName'],
  ['commonName = x\ntitle = y\norder = commonName + title + commonName', 'order', 'commonName'],
  ['commonName = x\norganizationalUnitName-0 = y', 'organizationalUnitName-0', 'organizationalUnitName-0'],
  ['commonName = x\n3.1.2 = y', '3.1.2', '3.1.2'],
  ['commonName = x\n1.40.2 = y', '1.40.2', '1.40.2'],
  ['commonName = x\ndomainComponent = ü', 'domainComponent', 'ü'],
  ['commonName = x\nserialNumber = a_b', 'serialNumber', 'a_b'],
  ['commonName = x\ncountryName = de', 'countryName', 'de'],
  ['commonName = x\norganizationalUnitName-2 = "\\t"', 'organizationalUnitName-2', ''],
];
for (const [lines, key, found, nearest] of mistakes)
  suite(`${lines.split('\n')[1]} is refused`, () => {
    const { problems } = configErrorOf(() => read(lines));
    assert.equal(
      problems.map(problem => [problem.key, problem.found, problem.nearest]),
      [[key, found, nearest ?? problems[0]?.nearest]],
    );
  });

/** Upper bounds of X.520 and RFC 5280, appendix A.1, as openssl keeps them. */
const BOUNDS: Readonly<Record<string, number>> = {
  stateOrProvinceName: 128,
  localityName: 128,
  streetAddress: 128,
  postalCode: 40,
  postOfficeBox: 40,
  physicalDeliveryOfficeName: 128,
  jurisdictionStateOrProvinceName: 128,
  jurisdictionLocalityName: 128,
  businessCategory: 128,
  organizationName: 64,
  organizationIdentifier: 256,
  organizationalUnitName: 64,
  dmdName: 64,
  title: 64,
  commonName: 64,
  pseudonym: 128,
  serialNumber: 64,
  userId: 256,
  telephoneNumber: 32,
  description: 1024,
  emailAddress: 128,
};
for (const [name, most] of Object.entries(BOUNDS))
  suite(`${name} takes ${most} characters and no more`, () => {
    const lines = (length: number) =>
      `${name} = ${'1'.repeat(length)}${name === 'commonName' ? '' : '\ncommonName = x'}`;
    assert.ok(subjectOf(lines(most)).includes('1'.repeat(most)));
    assert.match(configErrorOf(() => read(lines(most + 1))).message, new RegExp(`${name}.*${most}`));
  });

suite('a domain component comes before the country, as X.520 has them', () => {
  assert.is(
    subjectOf('commonName = x\ncountryName = DE\ndomainComponent = org'),
    'domainComponent=org | countryName=DE | commonName=x',
  );
});

suite('where X.520 sets no bound, there is one all the same', () => {
  subjectOf(`commonName = x\nsurname = ${'a'.repeat(32768)}`);
  const { problems } = configErrorOf(() => read(`commonName = x\nsurname = ${'a'.repeat(32769)}`));
  assert.is(problems[0]!.expected, 'at most 32768 characters (X.520)');
});

suite.run();
