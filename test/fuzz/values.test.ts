// A value that is accepted changes the lines of its own key in the rendered configuration, and no other line.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import * as fc from 'fast-check';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../scripts/lib/errors.ts';
import { renderConfiguration } from '../../scripts/lib/plan/render.ts';
import { scratch, tool } from '../helpers/door.ts';
import { entityOf, type Flags, keyIn, type OwnFiles, readShipped, templateOf } from '../helpers/shipped.ts';

const suite = makeSuite('fuzz: values');

const render = (files: OwnFiles, stem: string, flags: Flags = {}): string => {
  const entity = entityOf(readShipped(files, flags), stem);
  return renderConfiguration(
    templateOf(stem),
    { ...entity, file: 'x.ini' },
    keyIn(entity, entity.passphraseVariables[0]),
    '0',
  );
};

/** The rendered text; undefined where the configuration is refused. */
function accepted(files: OwnFiles, stem: string, flags: Flags = {}): string | undefined {
  try {
    return render(files, stem, flags);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

interface Line {
  readonly section: string;
  readonly name: string;
  readonly text: string;
}

/** As openssl reads it: sections, `name = value` lines, and all the rest. */
function parse(text: string): Line[] {
  let section = '';
  return text.split('\n').map(line => {
    section = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1] ?? section;
    return { section, name: /^\s*([^=#]*?)\s*=/.exec(line)?.[1] ?? '', text: line };
  });
}

const others = (text: string, isOwn: (line: Line) => boolean): string[] =>
  parse(text)
    .filter(line => !isOwn(line))
    .map(({ section, text }) => `${section}: ${text}`);

/** What openssl's configuration syntax, an ini file, a template or a terminal reads as more than text. */
const HOSTILE = [
  ...[
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\0',
    '\v',
    '\f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\n[certificate]\nbasicConstraints=CA:TRUE',
  ],
  ...[
    '[x]',
    '[',
    ']',
    '$HOME',
    '$ENV::HOME',
    `\${x}`,
    '$(x)',
    '\\',
    '\\\n',
    '"',
    "'",
    '`',
    '#',
    ';',
    ',',
    '=',
    '@x',
    '%s',
  ],
  ...[
    '{{stem}}',
    '{brand}',
    '{',
    '}',
    '.include /etc/passwd',
    'copy',
    'critical',
    'critical, ',
    ' ',
    ':',
    '+',
    '/',
    '-',
  ],
  ...['ASN1:SEQUENCE:x', 'section', 'dirName:x', 'dirName:/CN=x', 'otherName:1.2.3;UTF8:x', 'email:copy', 'IP:1.2.3.4'],
];

/** Any text, or a sound value with something hostile somewhere in it. */
const near = (sound: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...sound),
          fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 5 }), fc.constant('')),
          fc.nat(),
        )
        .map(([value, piece, at]) => {
          const place = at % (value.length + 1);
          return value.slice(0, place) + piece + value.slice(place);
        }),
    },
  );

interface Key {
  readonly stem: string;
  readonly file: string;
  readonly section: string;
  readonly key: string;
  /** Values that are accepted. */
  readonly sound: readonly string[];
  /** The names of its lines. */
  readonly lines: RegExp;
  /** The sections in which these stand; those of their own follow. */
  readonly sections?: RegExp;
}

const backend = { stem: 'backend', file: 'customer/backend.ini', section: 'certificate' };
const ca = { stem: 'device_subca', file: 'customer/device_subca.ini' };
const issued = { ...ca, section: 'issued', sections: /^issued(_rsa|_part\d+)?$/ };
const top = { ...ca, section: '', sections: /^(authority|req)$/ };
const URLS = ['http://a.example.org/x', 'http://a/ ldap://b/?x', 'https://[::1]:8/%20?a=b&c'];
const subject = (key: string, ...sound: string[]): Key => ({
  ...{ stem: 'backend', file: 'customer/backend.ini', section: 'subject', key, sound },
  lines: new RegExp(`^(\\d+\\.)?\\+?${key.replace(/-\d$/, '').replaceAll('.', '\\.')}$`),
});
const extensions = (base: Omit<Key, 'key' | 'sound' | 'lines'>): Key[] => [
  {
    ...base,
    key: 'extendedKeyUsage',
    sound: ['serverAuth', 'critical, clientAuth, 1.2.3.4'],
    lines: /^extendedKeyUsage$/,
  },
  { ...base, key: 'keyUsage', sound: ['critical, digitalSignature', 'keyEncipherment'], lines: /^keyUsage$/ },
  { ...base, key: 'basicConstraints', sound: ['critical, CA:FALSE', 'CA:FALSE'], lines: /^basicConstraints$/ },
  {
    ...{ ...base, key: 'subjectAltName', lines: /^subjectAltName$/ },
    sound: ['DNS:a.example.org, IP:::1', 'URI:urn:x', 'critical, UPN:a@b.example', 'email:a@b.example', 'RID:1.2.3'],
  },
  {
    ...{ ...base, key: 'certificatePolicies', lines: /^(certificatePolicies|policyIdentifier|CPS\.1)$/ },
    sound: ['1.2.3.4, anyPolicy', '1.2.3.4 CPS:https://a.example.org/cps, 2.3.4 CPS:http://b/'],
  },
  { ...base, key: 'must-staple', sound: ['yes'], lines: /^tlsfeature$/ },
  { ...base, key: 'ocsp-nocheck', sound: ['yes'], lines: /^noCheck$/ },
  { ...base, key: 'caIssuers', sound: URLS, lines: /^authorityInfoAccess$/ },
  { ...base, key: 'OCSP', sound: URLS, lines: /^authorityInfoAccess$/ },
  { ...base, key: 'crlDistributionPoints', sound: URLS, lines: /^crlDistributionPoints$/ },
  {
    ...{ ...base, key: '1.3.6.1.4.1.99999.7', lines: /^1\.3\.6\.1\.4\.1\.99999\.7$/ },
    sound: ['DER:0C0141', 'critical, ASN1:UTF8String:Müller', 'ASN1:NULL', 'ASN1:INTEGER:7'],
  },
];
const KEYS: readonly Key[] = [
  subject('commonName', 'trustme Backend', '{brand} x'),
  subject('organizationName', 'ACME, Inc.', 'a + b = c / d', 'Müller & Söhne'),
  subject('organizationalUnitName-2', 'Devices'),
  subject('serialNumber', '12-34'),
  subject('emailAddress', 'a@example.org'),
  subject('countryName', 'CH'),
  subject('1.3.6.1.4.1.99999.5', 'text'),
  ...extensions(backend),
  ...extensions(issued),
  {
    ...{ ...ca, section: 'certificate', key: 'nameConstraints', lines: /^(nameConstraints|\d+\.[A-Za-z]+)$/ },
    sections: /^certificate(_part\d+)?$/,
    sound: [
      'critical, permitted;DNS:example.org, excluded;IP:10.0.0.0/255.0.0.0',
      'critical, permitted;dirName:/C=DE/O=Example GmbH, permitted;dirName:/DC=org/CN=x y',
      'critical, excluded;email:.example.org, permitted;URI:a.example',
    ],
  },
  { ...issued, sections: /^authority$/, key: 'days', sound: ['1', '99'], lines: /^default_days$/ },
  {
    ...issued,
    sections: /^authority$/,
    key: 'notBefore',
    sound: ['2026-01-01'],
    lines: /^default_(startdate|enddate|days)$/,
  },
  { ...issued, sections: /^authority$/, key: 'copy', sound: ['subjectAltName'], lines: /^copy_extensions$/ },
  { ...top, key: 'crl-days', sound: ['7', '30'], lines: /^default_crl_days$/ },
  { ...top, key: 'digest', sound: ['sha256', 'sha384', 'sha3-512'], lines: /^default_md$/ },
];

/** The head of a file has the common name, and the options of signatures. */
const isHead = (line: Line): boolean => line.section === '' && line.text.startsWith('#');

for (const key of KEYS)
  suite(`[${key.section}] ${key.key} changes its own lines alone`, () => {
    const baseline = render({}, key.stem);
    const sections = key.sections ?? new RegExp(`^${key.section}(_part\\d+)?$`);
    // A key that has no line yet may bring sections of its own, each with its blank line.
    const isOwn = (line: Line) =>
      (sections.test(line.section) && key.lines.test(line.name)) ||
      (/_part\d+$/.test(line.section) && /^(\[.*\])?$/.test(line.text)) ||
      (key.key === 'commonName' && line.text.startsWith('# backend:')) ||
      // The form for RSA keys is there where it differs.
      (key.key === 'keyUsage' && (line.section === 'issued_rsa' || /issued_rsa/.test(line.text)));
    const expected = others(baseline, isOwn);
    let count = 0;
    fc.assert(
      fc.property(near(key.sound), value => {
        const head = key.section === '' ? '' : `[${key.section}]\n`;
        const text = accepted({ [key.file]: `${head}${key.key} = ${JSON.stringify(value)}\n` }, key.stem);
        if (text === undefined || value === '') return;
        count += 1;
        assert.not.match(text, /[^\P{Cc}\n]|\u2028|\u2029/u);
        assert.equal(others(text, isOwn), expected);
      }),
      { numRuns: 40 },
    );
    assert.ok(count > 0, 'no value was accepted');
  });

for (const [what, read] of [
  ['--brand', (brand: string) => accepted({}, 'backend_subca', { brand })],
  ['brand', (brand: string) => accepted({ 'defaults.ini': `brand = ${JSON.stringify(brand)}\n` }, 'backend_subca')],
] as const)
  suite(`${what} changes the common name alone`, () => {
    const isOwn = (line: Line) =>
      line.name === 'commonName' || (isHead(line) && line.text.startsWith('# backend_subca:'));
    const expected = others(render({}, 'backend_subca'), isOwn);
    fc.assert(
      fc.property(near(['trustme', 'Müller & Söhne', 'x']), brand => {
        const text = read(brand);
        if (text === undefined) return;
        assert.equal(others(text, isOwn), expected);
        const line = parse(text).find(({ section, name }) => section === 'subject' && name === 'commonName');
        assert.is(line?.text.replaceAll(/\\(["'`#])/g, '$1'), `commonName = ${`${brand} Backend Sub CA`.trim()}`);
      }),
      { numRuns: 100 },
    );
  });

const folder = scratch();
const openssl = (...args: string[]): string => tool('openssl', args, folder);

suite.before(() => {
  openssl('genpkey', '-algorithm', 'ed25519', '-out', 'key.pem');
  const extension = ['-addext', 'subjectKeyIdentifier=hash'];
  openssl('req', '-x509', '-config', '/dev/null', '-subj', '/CN=CA', ...extension, '-key', 'key.pem', '-out', 'ca.pem');
});

/** The OIDs of the extensions of a certificate that openssl makes of a section. */
function extensionsOf(configuration: string, section: string): string[] {
  writeFileSync(join(folder, 'x.cnf'), configuration);
  const pem = openssl(
    ...['req', '-new', '-x509', '-config', 'x.cnf', '-key', 'key.pem', '-CA', 'ca.pem', '-CAkey', 'key.pem'],
    ...['-extensions', section],
  );
  const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64');
  return AsnConvert.parse(der, Certificate).tbsCertificate.extensions!.map(({ extnID }) => extnID);
}

for (const key of KEYS.filter(({ section, lines }) => section !== '' && !/default_|copy/.test(lines.source)))
  suite(`[${key.section}] ${key.key}: what is accepted here, openssl accepts too`, () => {
    const section = key.section === 'subject' ? 'certificate' : key.section;
    const baseline = extensionsOf(render({}, key.stem), section);
    fc.assert(
      fc.property(near(key.sound), value => {
        const text = accepted({ [key.file]: `[${key.section}]\n${key.key} = ${JSON.stringify(value)}\n` }, key.stem);
        if (text === undefined || value === '') return;
        const found = extensionsOf(text, section);
        assert.ok(baseline.filter(oid => !found.includes(oid)).length <= 1);
        assert.ok(found.filter(oid => !baseline.includes(oid)).length <= 1);
      }),
      { numRuns: 6 },
    );
  });

suite.run();
