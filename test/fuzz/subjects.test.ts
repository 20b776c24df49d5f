// A subject that is accepted comes out of the real openssl as it was written, and into a row of a CA's database as
// `openssl ca` writes it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import * as fc from 'fast-check';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../scripts/lib/errors.ts';
import type { Entity } from '../../scripts/lib/model/types.ts';
import { renderConfiguration } from '../../scripts/lib/plan/render.ts';
import { indexRow } from '../../scripts/lib/store/ca-database.ts';
import { describeName } from '../../scripts/lib/store/name-facts.ts';
import { scratch } from '../helpers/door.ts';
import { entityOf, keyIn, readShipped, templateOf } from '../helpers/shipped.ts';

const suite = makeSuite('fuzz: subjects');

const folder = scratch();
const KEY = join(folder, 'key.pem');

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, OPENSSL_CONF: '/dev/null' },
  });

suite.before(() => {
  openssl('genpkey', '-algorithm', 'ed25519', '-out', KEY);
  openssl(...['req', '-new', '-x509', '-config', '/dev/null', '-subj', '/CN=CA', '-key', KEY, '-out', 'ca.pem']);
  const lines = ['database = index.txt', 'certificate = ca.pem', `private_key = ${KEY}`, 'default_md = default'];
  writeFileSync(join(folder, 'ca.cnf'), `[ca]\ndefault_ca = x\n[x]\n${lines.join('\n')}\n`);
});

const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        ...[
          '"',
          "'",
          '`',
          ',',
          '/',
          '+',
          '=',
          ';',
          '#',
          '<',
          '>',
          ' ',
          '  ',
          '&',
          '%',
          '@',
          ':',
          '.',
          '-',
          '*',
          '~',
          '|',
        ],
        ...[
          'Müller',
          '漢字',
          'שלום',
          'مرحبا',
          '👩‍👩‍👧',
          '\u202e',
          'é',
          '𝕏',
          '\u00a0',
          '#0403',
          '"a"',
          ' + ',
          ' = ',
          '/CN=x',
        ],
      ),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map(pieces => pieces.join(''))
  .filter(value => value.trim() !== '');
const ascii = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }).filter(value => value.trim() !== '');

/** Keys of [subject] with values; some of them joined with the common name to one RDN. */
const subjects = fc
  .record(
    {
      commonName: text,
      organizationName: text,
      'organizationalUnitName-2': text,
      'organizationalUnitName-3': text,
      localityName: text,
      title: text,
      userId: text,
      description: text,
      '1.3.6.1.4.1.99999.5': text,
      serialNumber: fc.constantFrom('1', 'A-1 (2)', "a'b:c/d=e,f+g?"),
      emailAddress: ascii,
      domainComponent: ascii,
    },
    { requiredKeys: ['commonName'] },
  )
  .chain(values =>
    fc.record({
      values: fc.constant(values as Record<string, string>),
      joined: fc.subarray(Object.keys(values).filter(key => /^(serialNumber|userId|title)$/.test(key))),
    }),
  );
type Subject = typeof subjects extends fc.Arbitrary<infer Value> ? Value : never;

/** undefined where the configuration is refused. */
function entityFor({ values, joined }: Subject): Entity | undefined {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  if (joined.length > 0) lines.push(`order = ${['commonName', ...joined].join('+')}`);
  try {
    const configuration = readShipped({ 'customer/backend.ini': `[subject]\n${lines.join('\n')}\n` });
    return entityOf(configuration, 'backend');
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** A certificate (PEM) for the rendered configuration. */
function certificateOf(entity: Entity): string {
  writeFileSync(join(folder, 'x.cnf'), renderConfiguration(templateOf('backend'), entity, keyIn(entity), '0'));
  return openssl('req', '-new', '-x509', '-config', 'x.cnf', '-key', KEY, '-days', '9');
}

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64');

/** RDNs as lists of `name=value`, each sorted: DER orders the members of a set. */
function rdns(lines: readonly { name: string; value: string }[]): string[][] {
  const names: string[][] = [];
  for (const { name, value } of lines) {
    if (name.startsWith('+')) names.at(-1)!.push(`${name.slice(1)}=${value}`);
    else names.push([`${name}=${value}`]);
  }
  return names.map(each => each.sort());
}

suite('openssl makes exactly the subject that was written', () => {
  fc.assert(
    fc.property(subjects, subject => {
      const entity = entityFor(subject);
      fc.pre(entity !== undefined);
      const certificate = AsnConvert.parse(derOf(certificateOf(entity)), Certificate);
      const found = rdns(describeName(certificate.tbsCertificate.subject));
      const written = Object.entries(subject.values).map(
        ([key, value]) => `${key.replace(/-\d$/, '')}=${value.trim()}`,
      );
      const inherited = ['countryName=DE', 'organizationName=OSS Release', 'organizationalUnitName=Development'];
      const own = inherited.filter(
        line => !(line.startsWith('organizationName') && subject.values.organizationName !== undefined),
      );
      assert.equal(found.flat().sort(), [...written, ...own].sort());
      const [together] = found.filter(rdn => rdn.some(line => line.startsWith('commonName=')));
      assert.is(together?.length, 1 + subject.joined.length);
    }),
    { numRuns: 40 },
  );
});

suite('the row of a certificate is that of openssl ca -valid', () => {
  fc.assert(
    fc.property(subjects, subject => {
      const entity = entityFor(subject);
      fc.pre(entity !== undefined);
      const certificate = certificateOf(entity);
      writeFileSync(join(folder, 'x.pem'), certificate);
      writeFileSync(join(folder, 'index.txt'), '');
      openssl('ca', '-config', 'ca.cnf', '-valid', 'x.pem');
      assert.is(indexRow(certificate), readFileSync(join(folder, 'index.txt'), 'latin1'));
    }),
    { numRuns: 25 },
  );
});

suite.run();
