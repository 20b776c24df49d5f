// The file that lies in the place of a key in a token.
import { generateKeyPairSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tokenKeyHead } from '../../scripts/lib/model/token.ts';
import { publicKeyOf } from '../../scripts/lib/store/token-key.ts';
import { tokenKey } from '../helpers/token-key.ts';

const test = suite('token key');
const head = tokenKeyHead(tokenKey({ token: 'hsm', object: 'root' }));
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;

test('its public key is the block that openssl reads, and no text inside a line', () => {
  assert.ok(publicKeyOf(head + pem).equals(publicKey));
  assert.ok(publicKeyOf(head + pem.replaceAll('\n', ' \r\n')).equals(publicKey));
  assert.throws(() => publicKeyOf(head), /it holds no public key/);
  assert.throws(() => publicKeyOf(`${head}# ${pem}`), /its line \d has "-----BEGIN" and is no BEGIN line/);
});

test.run();
