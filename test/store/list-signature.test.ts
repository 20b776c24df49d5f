// Whether a key signed a revocation list: by node, and by openssl for keys that node does not know.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isSignedByOpenssl } from '../../scripts/lib/check/revocation-lists.ts';
import { surroundingsIn } from '../../scripts/lib/run/exec.ts';
import { isListSignedBy } from '../../scripts/lib/store/list-signature.ts';
import { readRevocationList } from '../../scripts/lib/store/revocation-list.ts';
import { copyOf, environment, openssl, sharedPki } from '../check/sound-pki.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('list-signature');
const folder = scratch();

const certificateIn = (out: string, stem: string) => new X509Certificate(readFileSync(join(out, `${stem}.cert`)));

const out = copyOf(await sharedPki('sound'), join(folder, 'pki'), to => {
  openssl(to, 'ca -config .pki/ssig_rootca.cnf -gencrl -out list');
  openssl(to, 'crl -in list -outform DER -out list.der');
});
const der = readFileSync(join(out, 'list.der'));
const changed = Buffer.from(der);
changed[der.length - 1]! ^= 1;
const lists = { whole: readRevocationList(der), changed: readRevocationList(changed) };

/** Of a CA whose key has an OID that nobody knows. */
function unknownKey(): X509Certificate {
  const raw = certificateIn(out, 'ssig_rootca').raw;
  const ecKey = Buffer.from('06072a8648ce3d0201', 'hex');
  raw[raw.indexOf(ecKey) + ecKey.length - 1] = 0x7f;
  return new X509Certificate(raw);
}

test('node and openssl say the same', async () => {
  const surroundings = surroundingsIn(folder, environment, new AbortController());
  for (const [list, stem, isSigned] of [
    [lists.whole, 'ssig_rootca', true],
    [lists.whole, 'gen_rootca', false],
    [lists.changed, 'ssig_rootca', false],
  ] as const) {
    assert.is(isListSignedBy(list, certificateIn(out, stem)), isSigned);
    assert.is(await isSignedByOpenssl(list, certificateIn(out, stem), folder, surroundings), isSigned);
  }
});

test('a key that node does not know is for openssl to judge', async () => {
  const surroundings = surroundingsIn(folder, environment, new AbortController());
  assert.is(isListSignedBy(lists.whole, unknownKey()), undefined);
  assert.is(await isSignedByOpenssl(lists.whole, unknownKey(), folder, surroundings), false);
});

test.run();
