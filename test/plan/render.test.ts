import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../scripts/lib/errors.ts';
import type { Entity } from '../../scripts/lib/model/types.ts';
import { escapeValue, renderConfiguration } from '../../scripts/lib/plan/render.ts';
import { inScratch } from '../helpers/scratch.ts';
import { entityOf, keyIn, readOwn, readShipped, templateOf } from '../helpers/shipped.ts';

const suite = makeSuite('render');

const render = (entity: Entity, passphrase?: string): string =>
  renderConfiguration(templateOf(entity.stem), entity, keyIn(entity, passphrase), '0.0.0');

const shipped = readShipped();
const withName = (entity: Entity, commonName: string): Entity => ({
  ...entity,
  subject: entity.subject.map(each => (each.name === 'commonName' ? { ...each, value: commonName } : each)),
});

suite('quotes and # are escaped', () => {
  assert.is(escapeValue(`a "b" 'c' #d`), `a \\"b\\" \\'c\\' \\#d`);
});

suite('a name with quotes and # stands in its own two lines only', () => {
  const backend = entityOf(shipped, 'backend');
  const lines = render(withName(backend, `a "b" 'c # d`)).split('\n');
  const changed = render(backend)
    .split('\n')
    .flatMap((line, i) => (line === lines[i] ? [] : [lines[i]]));
  assert.equal(changed, [`# backend: a "b" 'c # d`, `commonName = a \\"b\\" \\'c \\# d`]);
});

suite('Ed25519 and its like have no digest of ours', () => {
  const entity = { ...entityOf(shipped, 'gen_rootca'), keyType: { kind: 'other', algorithm: 'ed25519' } } as const;
  assert.match(render(entity), /\ndefault_md = default\n/);
  assert.not.match(render(entity), /sha256/);
});

suite('example commands name the passphrase variable and what RSA-PSS needs', () => {
  const text = render(entityOf(shipped, 'backend_subca'), 'NAME');
  assert.match(
    text,
    /# {3}openssl ca -config \.pki\/backend_subca\.cnf -passin env:NAME -sigopt rsa_pss_saltlen:digest -preserveDN -in/,
  );
  assert.not.match(render(entityOf(shipped, 'ssig_rootca')), /-passin|-sigopt/);
});

suite('an entity that issues nothing has no [ca]', () => {
  assert.not.match(render(entityOf(shipped, 'backend')), /\[(ca|authority|issued)\]/);
});

suite('a CA without [issued] has the [ca] of revocation lists, and nothing to sign a request by', () => {
  const ca = 'days = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n';
  const of = (top: string) => `${top}[subject]\ncommonName = x\n[certificate]\n${ca}`;
  const configuration = readShipped({
    'policy.ini': of(''),
    'cross.ini': of('issuer = gen_rootca\nkey-of = policy\n'),
  });
  const text = render(entityOf(configuration, 'policy'));
  assert.match(text, /\n#.* -revoke NAME.cert\n#.* -gencrl -out policy\.crl\n/);
  assert.match(text, /\n\[crl\]\nauthorityKeyIdentifier = keyid:always\n$/);
  assert.not.match(text, /REQUEST|policy = |x509_extensions|\[issued|_rsa/);
  for (const stem of ['cross', 'KEK']) assert.not.match(render(entityOf(configuration, stem)), /\[ca\]/, stem);
});

suite('a CA whose key is elsewhere has no [ca] to sign by', () => {
  const configuration = readShipped({ 'customer/gen_rootca.ini': 'certificate-file = root.pem\n' });
  assert.not.match(render(entityOf(configuration, 'gen_rootca')), /\[(ca|authority)\]/);
});

suite('days count from a beginning that is given, which openssl would count from now', () => {
  const dated = 'notBefore = 2030-01-01\ndays = 30\n';
  const configuration = readShipped({
    'customer/user_subca.ini': `[issued]\n${dated}[issued brief]\n${dated}basicConstraints = CA:FALSE\n`,
  });
  const text = render(entityOf(configuration, 'user_subca'));
  assert.match(text, /\ndefault_startdate = 20300101000000Z\ndefault_enddate = 20300131000000Z\n/);
  assert.not.match(text, /default_days/);
  assert.match(text, /-extensions issued_brief -startdate 20300101000000Z -enddate 20300131000000Z/);
});

suite('a CA without copy takes no extension from a request', () => {
  assert.match(render(entityOf(shipped, 'guestos_subca')), /\ncopy_extensions = none\n/);
  assert.match(render(entityOf(shipped, 'device_subca')), /\ncopy_extensions = copy\n/);
});

suite('profiles that take over names are named where others of the CA do not', () => {
  const told = (ini: string) => {
    const configuration = readShipped({ 'customer/user_subca.ini': ini });
    return /\n# Profiles that take over names .*: (.*)\n/.exec(render(entityOf(configuration, 'user_subca')))?.[1];
  };
  const named = '[issued named]\ndays = 30\nbasicConstraints = CA:FALSE\ncopy = subjectAltName\n';
  assert.is(told(''), 'issued');
  assert.is(told(named), 'issued issued_named');
  assert.is(told(`[issued]\ncopy =\n${named}`), 'issued_named');
  assert.is(told('[issued]\ncopy =\n'), undefined);
  assert.is(told(`${named}[issued ocsp]\ncopy = subjectAltName\n`), undefined);
});

suite('no file name of a configuration folder reaches out of its comment', () => {
  const entity = { ...entityOf(shipped, 'backend'), file: 'my\n[req]\nprompt = yes\n/backend.ini' };
  assert.not.match(render(entity), /^prompt = yes$/m);
});

const DAYS =
  '[certificate]\ndays = 1\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n[issued]\ndays = 1\nbasicConstraints = CA:FALSE\n';
/** The entity with this name as an ini file would say it; undefined where it is refused. */
function named(commonName: string): Entity | undefined {
  try {
    const text = `[subject]\ncommonName = ${JSON.stringify(commonName)}\n${DAYS}`;
    return entityOf(readOwn({ 'ca.ini': text }), 'ca');
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** Names of characters that mean something to ini files, templates, openssl or a terminal, among others. */
const names = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 70 }),
  fc.string({
    unit: fc.constantFrom(...'ab \t\n\r\\$[]{}"\'`#;=@%/<>&,+', 'ü', '\u2028', '\u0085', '\uFEFF'),
    maxLength: 20,
  }),
);

suite('any accepted name leaves every other line of the configuration as it is', () => {
  const plain = render(named('plain')!).split('\n');
  const places = plain.flatMap((line, i) => (line.includes('plain') ? [i] : []));
  assert.is(places.length, 2);
  let accepted = 0;
  fc.assert(
    fc.property(names, name => {
      const entity = named(name);
      if (!entity) return;
      accepted++;
      const lines = render(entity).split(/\r\n|[\n\r\u0085\u2028\u2029\v\f]/);
      assert.is(lines.length, plain.length);
      lines.forEach((line, i) => {
        if (!places.includes(i)) assert.is(line, plain[i]);
      });
    }),
    { numRuns: 200 },
  );
  assert.ok(accepted > 20, `${accepted} names of 200 are accepted`);
});

const realNames = [
  'plain',
  'Müller & Söhne',
  'a "b" c',
  "it's #1",
  'a ; b',
  'a `b  c` d',
  'a = b',
  '@x',
  'a, b + c',
  '漢字',
];
for (const name of realNames)
  suite(`openssl reads back the name ${name}`, async () => {
    const entity = named(name)!;
    assert.ok(entity, 'it is accepted');
    await inScratch(folder => {
      const file = join(folder, 'ca.cnf');
      writeFileSync(file, render(entity));
      const args = ['req', '-new', '-batch', '-config', file, '-newkey', 'ed25519', '-noenc', '-keyout', '/dev/null'];
      const options = {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: process.env.PATH },
      } as const;
      const request = execFileSync('openssl', args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
      const subject = execFileSync('openssl', ['req', '-noout', '-subject', '-nameopt', 'sep_multiline,utf8,sname'], {
        ...options,
        input: request,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      assert.is(subject, `subject=\n    CN=${name}\n`);
    });
  });

suite.run();
