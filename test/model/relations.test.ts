import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { isIssuedElsewhere, issuersElsewhere } from '../../scripts/lib/model/relations.ts';
import { validityOf } from '../../scripts/lib/model/validity.ts';
import { configErrorOf, entityOf, NOW, type OwnFiles, readOwn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('relations');

const ca = (top: string, constraints = '', validity = 'days = 100', rest = ''): string =>
  `${top}\n[subject]\ncommonName = CA ${top.split('\n')[0]}\n[certificate]\n${validity}\nbasicConstraints = critical, CA:TRUE${constraints}\nkeyUsage = keyCertSign\n${rest}`;
const leaf = (top: string, validity = 'days = 100'): string =>
  ca(top, '', validity).replace('CA:TRUE\nkeyUsage = keyCertSign', 'CA:FALSE');

const problemsOf = (files: OwnFiles): string[] =>
  configErrorOf(() => readOwn(files)).problems.map(
    ({ file, section, key, expected }) => `${file.slice(4, -4)} ${section}/${key}: ${expected}`,
  );

const lengths: readonly [what: string, files: OwnFiles, expected: readonly string[]][] = [
  ['no pathlen allows any depth', { 'a.ini': ca(''), 'b.ini': ca('issuer = a'), 'c.ini': ca('issuer = b') }, []],
  [
    'pathlen that falls by one a level',
    { 'a.ini': ca('', ', pathlen:1'), 'b.ini': ca('issuer = a', ', pathlen:0'), 'c.ini': leaf('issuer = b') },
    [],
  ],
  ['a CA without pathlen below pathlen:1', { 'a.ini': ca('', ', pathlen:1'), 'b.ini': ca('issuer = a') }, []],
  [
    'a CA below pathlen:0',
    { 'a.ini': ca('', ', pathlen:0'), 'b.ini': ca('issuer = a') },
    ['b certificate/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA here'],
  ],
  [
    'a CA two levels below pathlen:1',
    { 'a.ini': ca('', ', pathlen:1'), 'b.ini': ca('issuer = a'), 'c.ini': ca('issuer = b') },
    ['c certificate/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA here'],
  ],
  [
    'a pathlen that does not fall',
    { 'a.ini': ca('', ', pathlen:1'), 'b.ini': ca('issuer = a', ', pathlen:1') },
    ['b certificate/basicConstraints: pathlen:0 at most, since that of a (own/a.ini:6) leaves no more'],
  ],
  [
    'a profile for CAs of a CA with pathlen:0',
    {
      'a.ini': ca(
        '',
        ', pathlen:0',
        'days = 9',
        '[issued sub]\ndays = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n',
      ),
    },
    ['a issued sub/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA below'],
  ],
];

const usage = (value: string): string => `extendedKeyUsage = ${value}\n`;
const purposes = (allowed: string, wanted: string): OwnFiles => ({
  'a.ini': ca('', '', 'days = 100', usage(allowed)),
  'b.ini': ca('issuer = a'),
  'c.ini': leaf('issuer = b') + usage(wanted),
});
const excluded = (purpose: string): readonly string[] => [
  `c certificate/extendedKeyUsage: no ${purpose}, since that of a (own/a.ini:8) does not allow it below`,
];
const uses: typeof lengths = [
  ['a purpose that the CA above the issuer has', purposes('critical, serverAuth, clientAuth', 'clientAuth'), []],
  ['the same by its OID', purposes('1.3.6.1.5.5.7.3.2', 'critical, clientAuth'), []],
  ['one of two that it has not', purposes('serverAuth', 'serverAuth, clientAuth'), excluded('clientAuth')],
  ['one that any stands for', purposes('anyExtendedKeyUsage', 'codeSigning'), []],
  [
    'one that any does not stand for with openssl',
    purposes('anyExtendedKeyUsage', 'serverAuth'),
    excluded('serverAuth'),
  ],
  ['a signer of OCSP answers', purposes('serverAuth', 'OCSPSigning'), []],
  [
    'a profile of the CA itself',
    {
      'a.ini': ca(
        '',
        '',
        'days = 9',
        `${usage('serverAuth')}[issued]\ndays = 9\nbasicConstraints = critical, CA:FALSE\n${usage('clientAuth')}`,
      ),
    },
    ['a issued/extendedKeyUsage: no clientAuth, since that of a (own/a.ini:8) does not allow it below'],
  ],
];
for (const [what, files, expected] of [...lengths, ...uses])
  suite(`${what}: ${expected.length === 0 ? 'accepted' : 'refused'}`, () => {
    if (expected.length === 0) readOwn(files);
    else assert.equal(problemsOf(files), expected);
  });

/** Validities of an issuer and its subject. */
const nested: readonly [issuer: string, subject: string, fits: boolean][] = [
  ['days = 100', 'days = 100', true],
  ['days = 100', 'days = 101', false],
  ['notAfter = 2030-01-01', 'notAfter = 2030-01-01', true],
  ['notAfter = 2030-01-01', 'notAfter = 2030-01-01T00:00:01Z', false],
  ['notAfter = 2030-01-01', 'days = 1', true],
  ['notAfter = 2030-01-01', 'days = 99999', false],
  ['days = 99999', 'notAfter = 2030-01-01', true],
  ['notBefore = 2025-06-01\ndays = 3000', 'days = 3000', false],
  ['days = 100', 'notBefore = 2025-06-01\ndays = 3000', false],
  ['days = 100', 'notBefore = 2025-12-01\ndays = 100', true],
];
for (const [issuer, subject, fits] of nested)
  suite(`${subject.replace('\n', ', ')} below ${issuer.replace('\n', ', ')}: ${fits ? 'accepted' : 'refused'}`, () => {
    const files = { 'a.ini': ca('', '', issuer), 'b.ini': leaf('issuer = a', subject) };
    if (fits) readOwn(files);
    else
      assert.match(problemsOf(files).join(), /^b certificate\/(days|notAfter): at most the validity of its issuer a/);
  });

suite('what is clipped ends with its issuer, and a note says so', () => {
  const clip = (issuer: string, subject: string) => {
    const files = {
      'a.ini': ca('', '', issuer),
      'b.ini': ca('issuer = a\noutliving = clip', '', subject, '[issued]\ndays = 500\nbasicConstraints = CA:FALSE\n'),
    };
    const configuration = readOwn(files);
    const { certificate, issued } = entityOf(configuration, 'b');
    return { certificate, issued: issued.get('')!, notes: configuration.notes };
  };
  const relative = clip('days = 100', 'days = 200');
  assert.is(relative.certificate.days, 100);
  assert.is(relative.issued.days, 100);
  assert.equal(relative.notes, [
    'b [certificate]: 100 days instead of 200 days, to end with its issuer a',
    'b [issued]: 100 days instead of 500 days, to end with its issuer b',
  ]);
  const fixed = clip('notAfter = 2026-06-01', 'days = 200');
  assert.is(validityOf(fixed.certificate, NOW).notAfter.toISOString(), '2026-06-01T00:00:00.000Z');
  assert.match(fixed.notes[0]!, /^b \[certificate\]: until 2026-06-01T00:00:00Z instead of 200 days/);
  assert.equal(clip('days = 1000', 'days = 600').notes, []);
  const late = {
    'a.ini': ca('', '', 'notAfter = 2026-06-01'),
    'b.ini': leaf('issuer = a\noutliving = clip', 'notBefore = 2026-06-01\ndays = 1'),
  };
  assert.equal(problemsOf(late), ['b certificate/notBefore: a time before the end of its issuer a']);
  const begun = { ...late, 'b.ini': leaf('issuer = a\noutliving = clip', 'notBefore = 2026-05-01\ndays = 99') };
  const { certificate } = entityOf(readOwn(begun), 'b');
  assert.is(validityOf(certificate, NOW).notAfter.toISOString(), '2026-06-01T00:00:00.000Z');
});

for (const end of ['days = 100', 'notAfter = 2026-06-01'])
  suite(`what outlives its issuer is told where that got its end: ${end}`, () => {
    const own = { 'gen_rootca.ini': `[certificate]\n${end}\n` };
    const shipped = configErrorOf(() => readShipped(own)).message;
    assert.ok(shipped.includes(`"outliving = clip", since own/gen_rootca.ini:2 says ${end}`), shipped);
  });

const limits: readonly [issuer: string, subject: string, limit: string | undefined][] = [
  ['days = 100', 'days = 100', '2026-04-12T03:04:05.000Z'],
  ['days = 100', 'days = 99', undefined],
  ['days = 100', 'days = 200\n; clipped', '2026-04-12T03:04:05.000Z'],
  ['notAfter = 2026-04-12T12:00:00Z', 'days = 100', '2026-04-12T03:04:05.000Z'],
  ['notAfter = 2026-04-14', 'days = 100', undefined],
  ['days = 100', 'notAfter = 2026-04-12T03:04:05Z', undefined],
  ['days = 100', 'notBefore = 2026-01-01\ndays = 101', undefined],
];
for (const [issuer, subject, limit] of limits)
  suite(`${subject.replace('\n', ', ')} below ${issuer}: ${limit ? 'ends as counted now' : 'no limit'}`, () => {
    const files = { 'a.ini': ca('', '', issuer), 'b.ini': leaf('issuer = a\noutliving = clip', subject) };
    const { certificate } = entityOf(readOwn(files), 'b');
    assert.is(certificate.limit?.toISOString(), limit);
    if (limit) assert.is(certificate.days, 100);
  });

suite('a CA that was made elsewhere bounds nothing until it is read, and one without a key issues nothing', () => {
  const supplied = 'certificate-file = a.pem';
  readOwn({ 'a.ini': ca(`${supplied}\nkey-file = a.key`), 'b.ini': leaf('issuer = a', 'days = 9999') });
  readOwn({ 'a.ini': ca(supplied), 'b.ini': leaf('issuer = a\ncertificate-file = b.pem') });
  const { hierarchy } = readOwn({ 'a.ini': ca(supplied), 'b.ini': leaf('issuer = a') });
  const [problem, ...others] = issuersElsewhere([...hierarchy.values()], hierarchy);
  assert.is(problem?.expected, 'a CA whose key is here (own/a.ini:1 has a certificate-file and no key-file)');
  assert.equal([problem?.file, problem?.key, others.length], ['own/b.ini', 'issuer', 0]);
});

suite('two keys under one subject are worth a note, two certificates of one key are not', () => {
  const same =
    '[subject]\ncommonName = One\n[certificate]\ndays = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n';
  assert.equal(readOwn({ 'a.ini': same, 'b.ini': same }).notes, ['b has the same subject as a, but another key']);
  assert.equal(readOwn({ 'a.ini': same, 'b.ini': ca(''), 'c.ini': `issuer = b\nkey-of = a\n${same}` }).notes, []);
});

const PLATFORM: readonly [what: string, files: OwnFiles, expected: RegExp][] = [
  [
    'a variable that two entities fill',
    { 'secure-boot/db2.ini': ca('', '', 'days = 9', '[variable]\nname = db\ncontains = db2\nauthoriser = KEK\n') },
    /db2\.ini:9: \[variable\] name: found "db", expected a variable that "DB" does not fill yet/,
  ],
  ['a KEK that DB authorises', { 'KEK.ini': '[variable]\nauthoriser = DB\n' }, /the entity that fills PK$/],
  [
    'a db that no key of UEFI authorises',
    { 'DB.ini': '[variable]\nauthoriser = ssig\n' },
    /the entity that fills PK or KEK$/,
  ],
  ['a PK of two certificates', { 'PK.ini': '[variable]\ncontains = PK KEK\n' }, /one certificate: PK holds no more$/],
];
for (const [what, files, expected] of PLATFORM)
  suite(`${what} is refused`, () => {
    assert.match(configErrorOf(() => readShipped(files)).message, expected);
  });

suite('a db that PK authorises and that holds others is accepted', () => {
  const files = { 'DB.ini': '[variable]\nauthoriser = PK\ncontains = DB ssig_subca ssig_subca_cml\n' };
  assert.is(entityOf(readShipped(files), 'DB').variable?.contains.length, 3);
});

const ISSUES_CAS = '[issued]\ndays = 1\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n';
const profiles: readonly [what: string, files: OwnFiles, expected: readonly string[]][] = [
  ['below pathlen:1 a profile may make CAs', { 'a.ini': ca('', ', pathlen:1', 'days = 100', ISSUES_CAS) }, []],
  [
    'below pathlen:0 it may not',
    { 'a.ini': ca('', ', pathlen:0', 'days = 100', ISSUES_CAS) },
    ['a issued/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA below'],
  ],
  [
    'nor where the issuer leaves no room for them',
    { 'a.ini': ca('', ', pathlen:1'), 'b.ini': ca('issuer = a', '', 'days = 100', ISSUES_CAS) },
    ['b issued/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA below'],
  ],
  [
    'of what must not be a CA itself, that is told alone',
    { 'a.ini': ca('', ', pathlen:0'), 'b.ini': ca('issuer = a', '', 'days = 100', ISSUES_CAS) },
    ['b certificate/basicConstraints: CA:FALSE, since the pathlen of a (own/a.ini:6) allows no CA here'],
  ],
  [
    'what is over is told by the key that says so',
    {
      'a.ini': ca('', '', 'notAfter = 2026-01-02T03:04:05Z'),
      'b.ini': ca('', '', 'notBefore = 2020-01-01\ndays = 9'),
      'c.ini': ca('', '', 'notAfter = 2026-01-02T03:04:06Z'),
    },
    ['a certificate/notAfter: an end that is not over yet', 'b certificate/days: an end that is not over yet'],
  ],
  [
    'what outlives its issuer, too',
    {
      'a.ini': ca('', '', 'notAfter = 2026-06-01'),
      'b.ini': leaf('issuer = a', 'notAfter = 2026-06-02'),
      'c.ini': leaf('issuer = a', 'days = 999'),
    },
    ['b certificate/notAfter', 'c certificate/days'].map(
      place => `${place}: at most the validity of its issuer a (until 2026-06-01T00:00:00Z), or "outliving = clip"`,
    ),
  ],
  ['what was made elsewhere is as it is', { 'a.ini': ca('certificate-file = a.pem', '', 'notAfter = 2020-01-01') }, []],
  [
    'another key is one that is here',
    {
      'a.ini': ca('certificate-file = a.pem'),
      'b.ini': ca('key-of = a'),
      'c.ini': ca('key-of = a\ncertificate-file = c.pem'),
    },
    ['b /key-of: an entity whose key is here'],
  ],
];
const notTwins = ({
  file,
  section,
  key,
  expected,
}: {
  file: string;
  section?: string | undefined;
  key?: string | undefined;
  expected: string;
}) => `${file.slice(4, -4)} ${section}/${key}: ${expected}`;
for (const [what, files, expected] of profiles)
  suite(`relations: ${what}`, () => {
    if (expected.length === 0) readOwn(files);
    else assert.equal(configErrorOf(() => readOwn(files)).problems.map(notTwins), expected);
  });

suite('a validity that is missing is told once', () => {
  assert.equal(problemsOf({ 'a.ini': ca('', '', '') }).length, 1);
});

suite('an update is authorised by a key that is here', () => {
  const { problems } = configErrorOf(() => readShipped({ 'secure-boot/PK.ini': 'certificate-file = PK.pem\n' }));
  const authorisers = problems.filter(({ key }) => key === 'authoriser');
  assert.ok(authorisers.length > 0);
  assert.ok(authorisers.every(({ expected }) => expected === 'an entity whose key is here'));
});

suite('issued elsewhere is what is here, by an issuer whose key is not', () => {
  const { hierarchy } = readOwn({
    'r.ini': ca('certificate-file = r.pem'),
    's.ini': ca(''),
    'asked.ini': leaf('issuer = r'),
    'come.ini': leaf('issuer = r\ncertificate-file = come.pem'),
    'own.ini': leaf('issuer = s'),
  });
  const elsewhere = [...hierarchy.values()].filter(each => isIssuedElsewhere(each, hierarchy)).map(({ stem }) => stem);
  assert.equal(elsewhere, ['asked']);
});

suite('keys in tokens: each entity its own, of a kind that tokens make; a second certificate may have the same', () => {
  const key = (place: string) => `[key]\nstorage = pkcs11\ntoken = t\n${place}\n`;
  const holder = (top: string, place: string) => ca(top, '', 'days = 100', key(place));
  assert.equal(
    problemsOf({
      'a.ini': holder('', 'object = o'),
      'b.ini': holder('digest = sha384', 'object = o'),
      'c.ini': holder('digest = sha512', 'object = o'),
      'd.ini': holder('crl-days = 7', 'id = 01'),
      'e.ini': holder('crl-days = 8', 'id = 01'),
      'f.ini': holder('key-type = ed25519', 'object = f'),
    }),
    [
      'b key/object: another key than that of a (or key-of = a)',
      'c key/object: another key than that of a (or key-of = a)',
      'e key/id: another key than that of d (or key-of = d)',
      'f key/storage: a key-type of rsa or ec, which keys in tokens are',
    ],
  );
  const { hierarchy } = readOwn({
    'a.ini': holder('key-type = ec:prime256v1', 'object = o'),
    'b.ini': ca('key-of = a'),
  });
  const [a, b] = [entityOf({ hierarchy }, 'a'), entityOf({ hierarchy }, 'b')];
  assert.equal([b.token, b.keyType], [a.token, a.keyType]);
});

suite('of the entity whose key it is, what belongs to the key is inherited, and nothing else', () => {
  const { hierarchy } = readOwn({
    'a.ini': ca('scheme = rsa-pss\nkey-type = rsa:3072\ndigest = sha512\npassphrase-env = PASS'),
    'b.ini': ca('key-of = a'),
    'c.ini': ca('key-of = c'),
    'd.ini': ca('key-of ='),
  });
  const b = entityOf({ hierarchy }, 'b');
  assert.equal(
    [b.scheme, b.keyType, b.passphraseVariables, b.digest],
    ['rsa-pss', { kind: 'rsa', bits: 3072 }, ['PASS'], 'sha256'],
  );
  assert.equal(
    ['c', 'd'].map(stem => entityOf({ hierarchy }, stem).keyOf),
    ['c', 'd'],
  );
});

suite('where nothing is made, no time that passes is a mistake', () => {
  const isMade = () => false;
  const files = {
    'a.ini': ca('', '', 'notAfter = 2026-06-01'),
    'b.ini': leaf('issuer = a', 'days = 999'),
    'c.ini': ca('', '', 'notAfter = 2020-01-01'),
  };
  readOwn(files, { isMade });
  assert.is(problemsOf(files).length, 2);
  // What never nests is one at any time.
  readOwn({ 'a.ini': ca(''), 'b.ini': leaf('issuer = a', 'notAfter = 2030-01-01') }, { isMade });
  for (const [above, below] of [
    ['days = 100', 'days = 101'],
    ['notAfter = 2020-01-01', 'notAfter = 2020-01-02'],
  ])
    configErrorOf(() => readOwn({ 'a.ini': ca('', '', above), 'b.ini': leaf('issuer = a', below) }, { isMade }));
});

suite.run();
