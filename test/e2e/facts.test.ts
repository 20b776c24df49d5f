// Our directory against the measured facts of the reference: every difference is allowed by name, with its reason,
// and README lists the same names.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, door, isMissing, ROOT, scratch } from '../helpers/door.ts';

const test = suite('facts of the reference');
const folder = scratch();
const FACTS = join(ROOT, 'test/fixtures/facts');

/** Differences that can be seen in the facts: name, reason, and the lines that it explains. */
const ALLOWED: [string, string, RegExp][] = [
  [
    'db-update-complete',
    'DB.auth carries exactly what DB.esl carries',
    /^DB\.auth: auth\/content(#: 1 -> 2|\[1\]\/(header|subject|type): None -> )/,
  ],
  [
    'ocsp-signing',
    'an OCSP responder certificate needs OCSPSigning, and no check of itself',
    /^ocsp_server\.cert: certificates\[0\]\/extensions\/(OCSP No Check: None|X509v3 Extended Key Usage: 'TLS Web Server Authentication' -> 'OCSP Signing')/,
  ],
  [
    'backend-names',
    'TLS clients look for names in subjectAltName alone',
    /^backend\.cert: .*Subject Alternative Name: None -> 'DNS:localhost'/,
  ],
  [
    'ssig-subca-signs',
    'the CA that signs kernels needs digitalSignature',
    /^(ssig|ssig_subca|certs\/signing_key)\.\w+: certificates\[\d\]\/extensions\/X509v3 Key Usage: 'critical; Certificate Sign, CRL Sign' -> 'critical; Digital Signature, Certificate Sign, CRL Sign'/,
  ],
  [
    'key-encipherment',
    'only rsaEncryption keys can encrypt',
    /Key Usage: 'critical; Digital Signature, Non Repudiation, Key Encipherment' -> 'critical; Digital Signature, Non Repudiation'/,
  ],
  [
    'pss-salt',
    'a salt as long as the hash',
    /signature: 'rsassaPss.*Salt Length: 0x01DE' -> 'rsassaPss.*Salt Length: 0x20'/,
  ],
  ['no-work-file', 'a work file of the script', /^only in A: _DB\.esl/],
  ['private-modes', 'a file with a private key is 0600', /^certs\/signing_key\.pem: mode: '0o644' -> '0o600'/],
  ['guestos-subca', 'the documentation promises it', /^only in B: guestos_subca\.(cert|key)/],
];
/** Differences that the facts do not show: other tests do. */
const UNSEEN = [
  'random-serials',
  'trailing-slash',
  'second-phase-journal',
  'nothing-outside',
  'databases-kept',
  'own-configuration',
  'hidden-folder',
];

/** The reference was measured with OpenSSL 3.0; since 3.2 names have no blanks beside "=". */
function isSpelling(line: string): boolean {
  const [, reference = '', ours] = / '(.*)' -> '(.*)'$/.exec(line) ?? [];
  return reference.replaceAll(' = ', '=') === ours;
}

for (const [keyType, file] of [
  ['rsa:4096', 'facts-rsa4096-uefi.json'],
  ['ec:secp384r1', 'facts-ec-secp384r1-uefi.json'],
] as const)
  test(`${keyType}: the facts differ only where the contract says so`, async () => {
    if (isMissing('python3')) return;
    const out = join(folder, file);
    const { status, stderr } = await door([out, keyType, '--brand', 'GyroidOS'], { DO_PLATFORM_KEYS: 'y' });
    assert.is(status, 0, stderr);
    const { stdout } = spawnSync('python3', [join(FACTS, 'pki_facts.py'), '--diff', join(FACTS, file), out], {
      encoding: 'utf8',
      env: cleanEnvironment(),
    });
    const lines = stdout.trim().split('\n');
    assert.match(lines.at(-1)!, /^6\d\d facts equal/);
    assert.equal(
      lines.slice(0, -1).filter(line => !isSpelling(line) && !ALLOWED.some(([, , pattern]) => pattern.test(line))),
      [],
    );
    // No allowance is there in vain (EC knows no PSS, and its reference was measured with the right OCSP usage).
    const used = ALLOWED.filter(([, , pattern]) => lines.some(line => pattern.test(line))).map(([name]) => name);
    assert.equal(
      used,
      ALLOWED.map(([name]) => name).filter(name => keyType.startsWith('rsa') || name !== 'pss-salt'),
    );
  });

test('README lists the same differences', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split('## Differences from gen_dev_certs.sh')[1]!.split('\n## ')[0]!;
  const names = [...section.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name!);
  assert.equal(names.sort(), [...ALLOWED.map(([name]) => name), ...UNSEEN].sort());
});

test.run();
