import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasSigned, isIssuedBy, mayHaveIssued } from '../../scripts/lib/store/issuer.ts';
import { authoritySerial, keyIdentifiers } from '../../scripts/lib/store/key-identifiers.ts';
import { sharedPki } from '../check/sound-pki.ts';
import { ROOT, tool } from '../helpers/door.ts';

const test = suite('issuer');

const read = (file: string) => new X509Certificate(readFileSync(join(ROOT, 'test/fixtures', file)));
/** An EC leaf by an ML-DSA root, and another root of that name. */
const [root, twin, leaf] = ['root', 'twin', 'leaf'].map(name => read(`post-quantum/${name}.pem`)) as [
  X509Certificate,
  X509Certificate,
  X509Certificate,
];

test('an issuer whose key node may not know is found by names and key identifiers', () => {
  assert.ok(mayHaveIssued(root, leaf));
  assert.ok(mayHaveIssued(root, root));
  assert.ok(isIssuedBy(leaf, root));
  assert.not.ok(mayHaveIssued(twin, leaf));
  assert.not.ok(mayHaveIssued(leaf, root));
  assert.not.ok(isIssuedBy(leaf, twin));
});

test('a signature by an algorithm that node may not know is left to openssl', () => {
  assert.ok(hasSigned(root, leaf));
});

test('key identifiers are those that openssl prints', () => {
  const { authority, subject } = keyIdentifiers(leaf.raw);
  assert.is(authority, keyIdentifiers(root.raw).subject);
  assert.match(subject!, /^[0-9a-f]{40}$/);
  assert.not.equal(keyIdentifiers(twin.raw).subject, authority);
});

test('the serial number of the issuer is the one that openssl prints, where a certificate names it', async () => {
  const pki = await sharedPki('sound');
  const serial = tool('openssl', ['x509', '-in', 'gen_rootca.cert', '-noout', '-serial'], pki);
  const { raw } = new X509Certificate(readFileSync(join(pki, 'device_subca.cert')));
  assert.is(`serial=${authoritySerial(raw)}`, serial.trim());
  assert.is(authoritySerial(leaf.raw), undefined);
});

test.run();
