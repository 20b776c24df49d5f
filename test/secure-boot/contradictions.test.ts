// A certificate in db and the hash of its signed part in dbx: what is told where the second of them joins.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SIGNATURE_TYPES, type Signature, X509_GUID } from '../../scripts/lib/model/signature-list.ts';
import { contradictionsTo } from '../../scripts/lib/secure-boot/contradictions.ts';
import { signedPart } from '../../scripts/lib/store/der-element.ts';
import { digestOf } from '../../scripts/lib/store/signature-digest.ts';
import { scratch, tool } from '../helpers/door.ts';

const test = suite('contradictions');
const owner = '77fa9abd-0359-4d32-bd60-28f4e78f784b';
const folder = scratch();

function certificateOf(name: string): Signature {
  const key = ['-newkey', 'ed25519', '-noenc', '-keyout', '/dev/null', '-config', '/dev/null'];
  tool('openssl', ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-out', `${name}.pem`], folder);
  tool('openssl', ['x509', '-in', `${name}.pem`, '-outform', 'DER', '-out', `${name}.der`], folder);
  return { type: X509_GUID, owner, data: readFileSync(join(folder, `${name}.der`)) };
}

const [ours, other] = [certificateOf('ours'), certificateOf('other')];
const hashes = Object.entries(SIGNATURE_TYPES).flatMap(([type, { certificateDigest }]): Signature[] => {
  if (certificateDigest === undefined) return [];
  const hash = createHash(certificateDigest).update(signedPart(ours.data).whole).digest();
  return [{ type, owner, data: Buffer.concat([hash, Buffer.alloc(16)]) }];
});

test('a certificate and its hash, whichever came first, with all digests', () => {
  assert.is(hashes.length, 3);
  for (const hash of hashes) {
    assert.equal(contradictionsTo([hash], 'db', [ours, other]), [
      `dbx has the hash of ${digestOf(ours)}: dbx wins, what it signed does not boot`,
    ]);
    assert.equal(contradictionsTo([other, ours], 'dbx', [hash]), [
      `db has the certificate with the hash ${digestOf(hash)}: dbx wins, what it signed does not boot`,
    ]);
    assert.equal(contradictionsTo([other], 'dbx', [hash]), []);
    assert.equal(contradictionsTo([hash], 'db', [{ ...ours, data: Buffer.from('no certificate') }]), []);
  }
});

test('the same entry in both', () => {
  assert.equal(contradictionsTo([ours], 'dbx', [ours, other]), [
    `db has ${digestOf(ours)}, too: dbx wins, what it signed does not boot`,
  ]);
});

test.run();
