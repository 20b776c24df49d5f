import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { RESERVED } from '../../scripts/lib/model/sources.ts';
import { REQUESTS, RETIRED, SCRATCH, STAGING_MARK } from '../../scripts/lib/store/names.ts';
import { configErrorOf, entityOf, type OwnFiles, readOwn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('sources');

const entity = (top: string, isCa = true): string =>
  `${top}\n[subject]\ncommonName = x\n[certificate]\ndays = 9\nbasicConstraints = critical, CA:${isCa ? 'TRUE' : 'FALSE'}\n`;

const problemsOf = (read: (files: OwnFiles) => unknown, files: OwnFiles): string[] =>
  configErrorOf(() => read(files)).message.split('\n');

suite('"remove = yes" takes a shipped entity out', () => {
  const { hierarchy } = readShipped({ 'customer/ocsp_server.ini': 'remove = yes\n' });
  assert.is(hierarchy.has('ocsp_server'), false);
  assert.is(hierarchy.size, 14);
});

suite('an empty "remove" leaves it in, and another word is refused', () => {
  assert.ok(readShipped({ 'customer/backend.ini': 'remove =\n' }).hierarchy.has('backend'));
  assert.match(problemsOf(readShipped, { 'customer/backend.ini': 'remove = true\n' })[0]!, /"yes", or no such line/);
});

suite('a file that is called as something of .pki is refused', () => {
  assert.equal(
    [REQUESTS, RETIRED, SCRATCH, STAGING_MARK].map(path => path.replace('.pki/', '')),
    RESERVED,
  );
  assert.equal(problemsOf(readOwn, { 'staging.ini': entity('') }), [
    'own/staging.ini: found "staging", expected another name for the file: this one is taken inside .pki',
  ]);
});

suite('"remove = yes" in a file that is called after no entity is a typing mistake', () => {
  assert.equal(problemsOf(readShipped, { 'customer/backned.ini': '; not ours\nremove = yes\n' }), [
    'own/customer/backned.ini:2: remove: found "backned", expected a file that is called after an entity (nearest: "backend")',
  ]);
  const whole = { 'customer/more.ini': `remove = yes\n${entity('issuer = gen_rootca', false)}` };
  assert.is(readShipped(whole).hierarchy.has('more'), false);
});

suite('what still refers to a removed entity is told where it was removed, and once', () => {
  assert.equal(problemsOf(readShipped, { 'software-signing/ssig_subca.ini': 'remove = yes\n' }), [
    ...[
      'openssl-conf/secure-boot/DB.ini:13: [variable] contains',
      'openssl-conf/software-signing/ssig.ini:2: issuer',
      'openssl-conf/software-signing/ssig.ini:5: bundle',
    ].map(
      place =>
        `${place}: found "ssig_subca", expected an entity that own/software-signing/ssig_subca.ini:1 does not remove`,
    ),
  ]);
});

suite('a removed entity and what hangs on it go together', () => {
  const files = {
    'backend_subca.ini': 'remove = yes\n',
    'backend.ini': 'remove = yes\n',
    'ocsp_server.ini': 'remove = yes\n',
  };
  assert.is(readShipped(files).hierarchy.size, 12);
});

suite('one folder has one file for an entity', () => {
  assert.equal(problemsOf(readOwn, { 'a/x.ini': entity(''), 'x.ini': 'text = yes\n' }), [
    'own/x.ini: found "x", expected one file for each entity: "own/a/x.ini" is there too',
  ]);
});

suite('a file at the top of the folder changes a shipped entity, one in another group does not', () => {
  assert.is(entityOf(readShipped({ 'backend.ini': 'digest = sha512\n' }), 'backend').digest, 'sha512');
  assert.is(entityOf(readShipped({ 'backend.ini': 'digest = sha512\n' }), 'backend').group, 'customer');
  assert.match(
    problemsOf(readShipped, { 'secure-boot/backend.ini': 'digest = sha512\n' })[0]!,
    /^own\/secure-boot\/backend\.ini: found "secure-boot", expected the folder "customer"/,
  );
});

suite('a fragment with a name that is near another is a typing mistake, and nothing else is said of it', () => {
  assert.equal(problemsOf(readShipped, { 'user_subcq.ini': '[certificate]\ndays = 9\n' }), [
    'own/user_subcq.ini: found "user_subcq", expected the name of an entity to change, or a whole entity with ' +
      '[subject] and [certificate] (nearest: "user_subca")',
  ]);
});

suite('a whole entity may have a name that is near another', () => {
  assert.ok(
    readShipped({ 'customer/backend2.ini': entity('issuer = backend_subca', false) }).hierarchy.has('backend2'),
  );
});

suite('a fragment with a name of its own is told what it lacks', () => {
  const lines = problemsOf(readShipped, { 'something.ini': 'issuer = gen_rootca\n' });
  assert.equal(
    lines.map(line => line.replace(/: expected.*/, '')),
    ['[subject] commonName', '[certificate] days', '[certificate] basicConstraints'].map(
      key => `own/something.ini: ${key}`,
    ),
  );
});

const CROSS = 'issuer = ssig_rootca\nkey-of = gen_rootca\n';
const CA = '[certificate]\ndays = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n';

suite('"key-of" brings key type, scheme, passphrase and subject of the owner', () => {
  const configuration = readShipped({
    'gen_rootca.ini': 'key-type = ec:secp384r1\n',
    'customer/cross.ini': CROSS + CA,
  });
  const [cross, owner] = [entityOf(configuration, 'cross'), entityOf(configuration, 'gen_rootca')];
  for (const key of ['keyType', 'scheme', 'passphraseVariables', 'subject'] as const)
    assert.equal(cross[key], owner[key], key);
  assert.is(cross.keyOf, 'gen_rootca');
  assert.is(owner.keyOf, 'gen_rootca');
});

suite('"key-of" with a subject of its own keeps that', () => {
  const { subject } = entityOf(readShipped({ 'cross.ini': `${CROSS}[subject]\ncommonName = Own\n${CA}` }), 'cross');
  assert.is(subject.at(-1)?.value, 'Own');
});

for (const [what, top, expected] of [
  ['an unknown owner', 'key-of = gen_rotca', /key-of: found "gen_rotca", .*\(nearest: "gen_rootca"\)$/],
  ['a key type', 'key-of = gen_rootca\nkey-type = ed25519', /key-type: .*no such line: the key is that of gen_rootca$/],
  ['a key file', 'key-of = gen_rootca\nkey-file = x', /key-file: .*no such line/],
  ['an owner without a key of its own', 'key-of = cross2', /key-of: .*an entity with a key of its own/],
] as const)
  suite(`"key-of" with ${what} is one mistake`, () => {
    const files = { 'cross.ini': `issuer = ssig_rootca\n${top}\n${CA}`, 'cross2.ini': CROSS + CA };
    const lines = problemsOf(readShipped, files).filter(line => !/certificate-file/.test(line));
    assert.is(lines.length, 1, lines.join('\n'));
    assert.match(lines[0]!, expected);
  });

suite('files that were made elsewhere lie beside the ini file that names them', () => {
  const files = { 'a/x.ini': entity('certificate-file = pem/x.cert\nkey-file = /keys/x.key') };
  assert.equal(entityOf(readOwn(files), 'x').supplied, { certificate: 'own/a/pem/x.cert', key: '/keys/x.key' });
  const without = { 'x.ini': entity('certificate-file = x.cert') };
  assert.equal(entityOf(readOwn(without), 'x').supplied, { certificate: 'own/x.cert', key: undefined });
});

suite('a key file needs a certificate file', () => {
  assert.match(problemsOf(readOwn, { 'x.ini': entity('key-file = x.key') })[0]!, /expected certificate-file beside it/);
});

suite.run();
