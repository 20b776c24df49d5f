// Certification paths where several certificates have one name: cross-certificates, renewed CAs, changed keys.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findIssuers, pathOf } from '../../scripts/lib/check/paths.ts';
import { readPkiDirectory } from '../../scripts/lib/store/directory.ts';
import { scratch } from '../helpers/door.ts';
import { openssl, verify } from './sound-pki.ts';

const test = suite('paths');
const folder = scratch();
const DAY = 86_400_000;

const CONFIGURATION = `[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[end]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/** Makes `file`.cert of `subject` with the key `key` and signed by `issuer`, itself where none is given. */
function make(file: string, key: string, subject: string, issuer = '', section = 'ca', days = 100): void {
  const by = issuer ? `-CA ${issuer}.cert -CAkey ${issuer[0]}.key` : '';
  openssl(
    folder,
    `req -x509 -new -config cnf -extensions ${section} -key ${key}.key -subj /CN=${subject} -days ${days} ${by} -out ${file}.cert`.replace(
      /\s+/g,
      ' ',
    ),
  );
}

test.before(() => {
  writeFileSync(join(folder, 'cnf'), CONFIGURATION);
  for (const key of ['a', 'b', 'n', 's', 'e'])
    openssl(folder, `genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${key}.key`);
  make('a', 'a', 'A');
  make('b', 'b', 'B');
  make('a-by-b', 'a', 'A', 'b');
  make('b-by-a', 'b', 'B', 'a');
  make('s', 's', 'S', 'a');
  make('s-old', 's', 'S', 'a', 'ca', 1);
  make('s-by-b', 's', 'S', 'b');
  make('e', 'e', 'E', 's', 'end');
  make('n', 'n', 'A');
  make('n-by-a', 'n', 'A', 'a');
});

/** `subject < … < anchor`, or `none`, of the end-entity certificate in a directory of these files. */
function pathIn(files: readonly string[], now = new Date()): string {
  const out = join(folder, `of-${files.join('-')}`);
  mkdirSync(out, { recursive: true });
  for (const file of files) cpSync(join(folder, `${file}.cert`), join(out, `${file}.cert`));
  const { certificates } = readPkiDirectory(out);
  const path = pathOf(certificates.find(({ stem }) => stem === files[0])!, findIssuers(certificates, now));
  return path ? [path.subject, ...path.between, path.anchor].map(({ stem }) => stem).join(' < ') : 'none';
}

const CASES: readonly [name: string, files: string[], path: string, days?: number][] = [
  ['the plain way', ['e', 's', 'a'], 'e < s < a'],
  ['a root is its own path', ['a', 's', 'e'], 'a < a'],
  ['a missing root', ['e', 's'], 'none'],
  ['a missing intermediate certificate', ['e', 'a'], 'none'],
  ['a cross-certificate leads to the other root', ['e', 's', 'a-by-b', 'b'], 'e < s < a-by-b < b'],
  [
    'a cross-certificate of a root that is not there leads nowhere, and is passed over',
    ['e', 's', 'a-by-b', 'a'],
    'e < s < a',
  ],
  ['two roots that certified each other, without an anchor', ['e', 's', 'a-by-b', 'b-by-a'], 'none'],
  ['two roots that certified each other', ['e', 's', 'a-by-b', 'b-by-a', 'b'], 'e < s < a-by-b < b'],
  ['a renewed CA, before the old one ends', ['e', 's-old', 's', 'a'], 'e < s < a'],
  ['a renewed CA, after the old one ended', ['e', 's-old', 's', 'a'], 'e < s < a', 2],
  ['a CA that ended, where there is no other', ['e', 's-old', 'a'], 'e < s-old < a', 2],
  ['a sub CA with two issuers, one of which is there', ['e', 's', 's-by-b', 'b'], 'e < s-by-b < b'],
  ['another root of the same name', ['e', 's', 'n', 'a'], 'e < s < a'],
  ['only another root of the same name', ['e', 's', 'n'], 'none'],
  ['a root that changed its key', ['n-by-a', 'a'], 'n-by-a < a'],
];
for (const [name, files, expected, days = 0] of CASES)
  test(name, () => {
    const path = pathIn(files, new Date(Date.now() + days * DAY));
    // Both are as good while both are valid.
    assert.is(name === 'a renewed CA, before the old one ends' ? path.replace('s-old', 's') : path, expected);
  });

test('openssl agrees with the ways that were found', async () => {
  for (const [, files, path, days] of CASES.filter(([, , expected, later]) => expected !== 'none' && !later)) {
    pathIn(files);
    const findings = await verify(join(folder, `of-${files.join('-')}`));
    const own = findings.filter(({ file, severity }) => file === `${files[0]}.cert` && severity === 'error');
    assert.equal(own, [], `${path} ${days}`);
  }
});

test('a thousand certificates of one CA take no time', () => {
  const { certificates } = readPkiDirectory(folder);
  const [end] = certificates.filter(({ stem }) => stem === 'e');
  const many = Array.from({ length: 1000 }, (_, i) => ({ ...end!, stem: String(i) }));
  const begin = Date.now();
  assert.is([...findIssuers([...certificates, ...many], new Date()).keys()].length, certificates.length + 1000);
  assert.ok(Date.now() - begin < 1000);
});

test.run();
