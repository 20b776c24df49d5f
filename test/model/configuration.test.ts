import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { configErrorOf, entityOf, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('configuration');

const subjectOf = (files: Record<string, string>, overrides = {}, stem = 'ssig_subca'): string =>
  entityOf(readShipped(files, overrides), stem)
    .subject.map(({ name, value }) => `${name}=${value}`)
    .join('/');

suite('the shipped configuration has the fifteen entities, issuers first', () => {
  const stems = [...readShipped().hierarchy.keys()];
  assert.equal([...stems].sort(), [
    ...['DB', 'KEK', 'PK', 'backend', 'backend_subca', 'device_subca', 'gen_rootca', 'guestos_subca', 'ocsp_server'],
    ...['ssig', 'ssig_cml', 'ssig_rootca', 'ssig_subca', 'ssig_subca_cml', 'user_subca'],
  ]);
  for (const { stem, issuer } of readShipped().hierarchy.values())
    assert.ok(stems.indexOf(issuer) <= stems.indexOf(stem), `${issuer} comes before ${stem}`);
});

const shipped = 'countryName=DE/organizationName=OSS Release/organizationalUnitName=Development';
suite('the shipped defaults hold where nothing else is said', () => {
  assert.is(subjectOf({}), `${shipped}/commonName=trustme Software Signing Sub CA`);
});

suite('own defaults are stronger than shipped ones, key by key', () => {
  assert.is(
    subjectOf({ 'defaults.ini': 'brand = GyroidOS\n[subject]\norganizationName = ACME\n' }),
    'countryName=DE/organizationName=ACME/organizationalUnitName=Development/commonName=GyroidOS Software Signing Sub CA',
  );
});

suite('a shipped entity is stronger than own defaults', () => {
  const files = { 'defaults.ini': '[subject]\ncommonName = no\n[urls customer]\nOCSP = http://own/\n' };
  assert.match(subjectOf(files), /commonName=trustme Software Signing Sub CA$/);
  const { extensions } = entityOf(readShipped(files), 'gen_rootca').certificate;
  assert.not.ok(
    extensions.some(({ value }) => value.includes('http://own/')),
    'its own empty OCSP removes it',
  );
});

suite('an own entity file is stronger than the shipped one, key by key', () => {
  const files = {
    'defaults.ini': '[subject]\norganizationName = ACME\n',
    'software-signing/ssig_subca.ini': '[subject]\norganizationName = ACME Signing\n[certificate]\ndays = 2000\n',
  };
  const entity = entityOf(readShipped(files), 'ssig_subca');
  assert.is(entity.certificate.days, 2000);
  assert.is(entity.issuer, 'ssig_rootca');
  assert.match(subjectOf(files), /organizationName=ACME Signing/);
  assert.match(subjectOf(files, {}, 'ssig'), /organizationName=ACME\//);
});

suite('the command line is stronger than every file', () => {
  const files = {
    'defaults.ini': 'brand = own\nkey-type = ec:secp384r1\n',
    'secure-boot/PK.ini': 'key-type = rsa:3072\n',
  };
  const overrides = { brand: 'flag', keyType: { kind: 'rsa', bits: 2048 } } as const;
  const configuration = readShipped(files, overrides);
  assert.is(configuration.brand, 'flag');
  assert.equal(entityOf(configuration, 'PK').keyType, overrides.keyType);
  assert.equal(entityOf(configuration, 'ssig').keyType, overrides.keyType);
  assert.match(subjectOf(files, overrides), /commonName=flag Software/);
  assert.equal(entityOf(readShipped(files), 'PK').keyType, { kind: 'rsa', bits: 3072 });
  assert.equal(entityOf(readShipped(files), 'ssig').keyType, { kind: 'ec', curve: 'secp384r1' });
});

suite('an empty value removes what a weaker layer says', () => {
  const files = {
    'defaults.ini': '[subject]\norganizationalUnitName =\n',
    'customer/gen_rootca.ini': 'passphrase-env =\n[subject]\ncountryName =\n',
  };
  const entity = entityOf(readShipped(files), 'gen_rootca');
  assert.equal(entity.passphraseVariables, []);
  assert.is(subjectOf(files, {}, 'gen_rootca'), 'organizationName=OSS Release/commonName=trustme General Root CA');
});

suite('an empty brand leaves no blank before the name', () => {
  assert.match(subjectOf({ 'defaults.ini': 'brand =\n' }), /commonName=Software Signing Sub CA$/);
});

suite('a removed power is missing like one that was never there', () => {
  const { problems } = configErrorOf(() => readShipped({ 'customer/backend.ini': '[certificate]\ndays =\n' }));
  assert.equal(
    problems.map(({ key, section }) => [section, key]),
    [['certificate', 'days']],
  );
});

suite('a new entity file adds an entity', () => {
  const text =
    'issuer = ssig_subca\n[subject]\ncommonName = More\n[certificate]\ndays = 1\nbasicConstraints = critical, CA:FALSE\n';
  const entity = entityOf(readShipped({ 'software-signing/more.ini': text }), 'more');
  assert.is(entity.issuer, 'ssig_subca');
  assert.is(entity.file, 'own/software-signing/more.ini');
});

suite('mistakes of several files are in one ConfigError, each with its file and line', () => {
  const error = configErrorOf(() =>
    readShipped({
      'customer/backend.ini': 'scheme = rsa-pzz\ntext = yes\ntext = yes\n',
      'customer/user_subca.ini': '[certificate]\nkeyUsage = keyCertsign\n',
      'secure-boot/PK.ini': 'issuer = nobody\n',
    }),
  );
  assert.is(error.exitCode, 1);
  const lines = error.message.split('\n');
  for (const start of [
    'own/customer/backend.ini:3: text: found "text = yes", expected each key once in a section',
    'own/customer/backend.ini:1: scheme: found "rsa-pzz", expected "rsa" or "rsa-pss" (nearest: "rsa-pss")',
    'own/customer/user_subca.ini:2: [certificate] keyUsage: found "keyCertsign", expected one of digitalSignature',
  ])
    assert.ok(
      lines.some(line => line.startsWith(start)),
      `${start}\nis in\n${error.message}`,
    );
  assert.ok(lines.some(line => /PK\.ini.*issuer: found "nobody", expected the name of an entity/.test(line)));
});

suite('the ConfigError of a reference names the file in which it stands', () => {
  const { problems } = configErrorOf(() => readShipped({ 'secure-boot/PK.ini': 'issuer = nobody\n' }));
  assert.is(problems[0]?.file, 'own/secure-boot/PK.ini');
});

suite('a mistake in defaults.ini is reported once, not once an entity', () => {
  for (const text of ['digest = md5\n', 'key-type = foo:1\n', '[urls customer]\nOCSP = foo\n'])
    assert.is(configErrorOf(() => readShipped({ 'defaults.ini': text })).problems.length, 1, text);
});

suite('a brand that is too long for names is one mistake, its own', () => {
  const { message, hint } = configErrorOf(() => readShipped({}, { brand: 'b'.repeat(50) }));
  const [, room, file] = /^--brand: brand: found "b+", expected at most (\d+) characters: (.*):\d+ has room/.exec(
    message,
  )!;
  assert.is(message.split('\n').length, 1);
  assert.is(hint, 'give another value with --brand');
  assert.match(file!, /^openssl-conf\//);
  assert.ok(readShipped({}, { brand: 'b'.repeat(Number(room)) }));
  configErrorOf(() => readShipped({}, { brand: 'b'.repeat(Number(room) + 1) }));
  const own = configErrorOf(() => readShipped({ 'defaults.ini': `brand = ${'b'.repeat(50)}\n` }));
  assert.match(own.message, /^own\/defaults\.ini:1: brand: .*$/);
});

suite('a name that is too long by itself is no mistake of the brand', () => {
  const files = { 'customer/backend.ini': `[subject]\ncommonName = {brand} ${'n'.repeat(60)}\n` };
  assert.match(
    configErrorOf(() => readShipped(files)).message,
    /^own\/customer\/backend\.ini:2: \[subject\] commonName: .*$/,
  );
});

for (const [what, text, expected] of [
  [
    'a removed commonName',
    '[subject]\ncommonName =\n',
    /^own\/customer\/backend\.ini:2: \[subject\] commonName: found ""/,
  ],
  [
    'another issuer',
    'issuer = gen_rootca\n',
    /bundle: .*gen_rootca, since own\/customer\/backend\.ini:1 says issuer = gen_rootca$/,
  ],
  [
    'an old begin',
    '[certificate]\nnotBefore = 2000-01-01\n',
    /days: .*an end that is not over yet, since own\/customer\/backend\.ini:2 says notBefore = 2000-01-01$/,
  ],
] as const)
  suite(`${what} is a mistake of one's own file, which is named`, () => {
    assert.match(configErrorOf(() => readShipped({ 'customer/backend.ini': text })).message, expected);
  });

suite('the hint to a line that is shipped is to write one of your own', () => {
  const { hint } = configErrorOf(() => readShipped({ 'customer/backend.ini': 'issuer = gen_rootca\n' }));
  assert.is(hint, 'write a line in customer/backend.ini of a folder of your own');
});

suite('a [urls NAME] that no entity names is a typing mistake', () => {
  const section = '[urls custmer]\nOCSP = http://a/\n';
  assert.is(
    configErrorOf(() => readShipped({ 'defaults.ini': section })).message,
    'own/defaults.ini:2: [urls custmer]: found "custmer", expected a NAME that the "urls" of an entity says (nearest: "customer")',
  );
  assert.ok(readShipped({ 'defaults.ini': section, 'customer/backend.ini': 'urls = custmer\n' }));
});

for (const [what, files, flags, expected] of [
  [
    'key type',
    { 'customer/backend.ini': 'key-type = rsa:abc\n' },
    { keyType: { kind: 'rsa', bits: 2048 } },
    /backend\.ini:1: key-type: found "rsa:abc"/,
  ],
  [
    'digest',
    { 'defaults.ini': 'digest = md5\n', 'customer/backend.ini': 'digest = sha512\n' },
    {},
    /defaults\.ini:1: digest: found "md5"/,
  ],
  [
    'key of a removed entity',
    { 'customer/ocsp_server.ini': 'remove = yes\nisuer = x\n' },
    {},
    /ocsp_server\.ini:2: isuer: .*nearest: "issuer"/,
  ],
] as const)
  suite(`a mistake in a ${what} that does not come to bear is told all the same`, () => {
    assert.match(configErrorOf(() => readShipped(files, flags)).message, expected);
  });

suite('a [urls] without its name is told what it lacks', () => {
  const { hint } = configErrorOf(() => readShipped({ 'defaults.ini': '[urls]\nOCSP = http://a/\n' }));
  assert.is(hint, 'did you mean "urls NAME"?');
});

suite('defaults.ini cannot give powers away', () => {
  const { problems } = configErrorOf(() => readShipped({ 'defaults.ini': '[certificate]\ndays = 1\n' }));
  assert.is(problems[0]?.section, 'certificate');
});

for (const [brand, why] of [
  ['a\nb', 'a newline'],
  ['$HOME', 'a $'],
  ["$'", 'a $'],
  ['$`', 'a $'],
  ['$$', 'a $'],
  ['[x]', 'brackets'],
  ['\\', 'a backslash'],
  ['{brand}', 'braces'],
  ['x'.repeat(64), 'too many characters with the name'],
])
  suite(`the brand ${JSON.stringify(brand)} is refused: ${why}`, () => {
    configErrorOf(() => readShipped({}, { brand }));
  });

suite('a file name that cannot be a stem is refused', () => {
  const { problems } = configErrorOf(() => readShipped({ 'customer/-x y.ini': '' }));
  assert.ok(problems.some(({ found }) => found === '-x y'));
});

suite('the brand of defaults.ini has its place, and what --brand stands in for is remembered', () => {
  const brandOf = (brand?: string) => readShipped({}, { brand }).defaults.get('')!.get('brand')!;
  const [own, given] = [brandOf(), brandOf('Mine')];
  assert.is(own.value, 'trustme');
  assert.ok(own.line > 0 && own.overrode === undefined);
  assert.equal([given.value, given.file, given.line], ['Mine', '--brand', 0]);
  assert.is(given.overrode!.value, 'trustme');
});

suite('an entity has what it inherits of defaults.ini before its first section, too', () => {
  const configuration = readShipped({
    'defaults.ini': 'digest = sha512\n',
    'customer/backend.ini': 'digest = sha384\n',
  });
  const digestOf = (stem: string) => entityOf(configuration, stem).facts.get('')!.get('digest')!;
  assert.equal([digestOf('ocsp_server').value, digestOf('backend').value], ['sha512', 'sha384']);
  assert.is(digestOf('backend').overrode!.value, 'sha512');
});

suite('keyEncipherment is for rsaEncryption keys alone: not for EC, not for RSA-PSS', () => {
  const usageOf = (scheme: string, keyType?: 'ec') => {
    const flags = keyType ? ({ keyType: { kind: 'ec', curve: 'prime256v1' } } as const) : {};
    const ini = `scheme = ${scheme}\n[certificate]\nkeyUsage = critical, digitalSignature, keyEncipherment\n`;
    const { certificate } = entityOf(readShipped({ 'customer/backend.ini': ini }, flags), 'backend');
    return certificate.extensions.find(({ name }) => name === 'keyUsage')!.value.includes('keyEncipherment');
  };
  assert.ok(usageOf('rsa'));
  assert.not.ok(usageOf('rsa-pss'));
  assert.not.ok(usageOf('rsa', 'ec'));
});

for (const [section, line, expected] of [
  ['', 'pss-salt = long', /"digest" .*, "max", or a number of octets/],
  ['', 'authority-key-identifier = hash', /^"issuer" or "keyid"$/],
  ['', 'key-type = rsa:many', /^a number of bits from 2048 to /],
  ['[certificate]\n', 'keyUsage = critical, keyCertSign', /no keyCertSign where basicConstraints says CA:FALSE/],
] as const)
  suite(`a mistake is told with what was expected: ${line}`, () => {
    const { problems } = configErrorOf(() => readShipped({ 'customer/backend.ini': `${section}${line}\n` }));
    assert.ok(
      problems.some(each => expected.test(each.expected)),
      JSON.stringify(problems),
    );
  });

suite('a CA copies nothing of a request but names', () => {
  const { problems } = configErrorOf(() => readShipped({ 'customer/device_subca.ini': '[issued]\ncopy = keyUsage\n' }));
  assert.equal(
    problems.map(({ key, found, expected }) => [key, found, expected]),
    [['copy', 'keyUsage', 'subjectAltName']],
  );
});

suite.run();
