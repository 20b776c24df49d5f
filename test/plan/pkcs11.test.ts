// Command lines of pkcs11-tool and openssl for keys in tokens: the module and the PIN by name, the key by its labels.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KeyType, TokenKey } from '../../scripts/lib/model/types.ts';
import type { Command } from '../../scripts/lib/plan/job.ts';
import { generateInToken, listKeys, listTokens, readPublicKey, tryKey } from '../../scripts/lib/plan/pkcs11.ts';
import { tokenKey } from '../helpers/token-key.ts';

const suite = makeSuite('pkcs11');

const key = (given: Partial<TokenKey> = {}): TokenKey => tokenKey({ token: 'pki', object: 'ca', ...given });
const line = ({ tool, args }: Command): string => [tool, ...args].join(' ');
const RSA: KeyType = { kind: 'rsa', bits: 3072 };

suite('a token is found by its slot where that is known, else by its label', () => {
  assert.is(
    line(listKeys(key(), undefined)),
    'pkcs11-tool --module $TRUSTME_PKCS11_MODULE --token-label pki --login --pin env:MY_PIN --list-objects --type privkey',
  );
  assert.match(line(listKeys(key(), '0x5')), / --slot 0x5 --login /);
  assert.match(line(listKeys(key({ token: undefined, serial: '1' }), undefined)), /_MODULE --login /);
});

suite('the module is that of the key, or what the environment says', () => {
  assert.is(line(listTokens(key({ module: '/m.so' }))), 'pkcs11-tool --module /m.so --list-token-slots');
  assert.is(line(listTokens(key())), 'pkcs11-tool --module $TRUSTME_PKCS11_MODULE --list-token-slots');
});

suite('a listing of tokens needs no PIN; all others get the variable of theirs alone', () => {
  assert.equal(listTokens(key()).secrets, []);
  for (const each of [
    listKeys(key(), undefined),
    generateInToken(key(), RSA, 'label', '01', undefined),
    tryKey('uri', key()),
    readPublicKey('uri', key()),
  ]) {
    assert.equal(each.secrets, ['MY_PIN']);
    assert.equal(each.token, key());
  }
});

const TYPES: readonly (readonly [KeyType, string])[] = [
  [RSA, 'rsa:3072'],
  [{ kind: 'ec', curve: 'secp384r1' }, 'EC:secp384r1'],
];
for (const [keyType, word] of TYPES)
  suite(`a key pair of type ${word} for signing alone`, () => {
    assert.ok(
      line(generateInToken(key(), keyType, 'stem', '0A', '0x1')).endsWith(
        ` --slot 0x1 --login --pin env:MY_PIN --keypairgen --key-type ${word} --label ca --id 0A --usage-sign`,
      ),
    );
  });

suite('a key that was named by its id gets a label, and that id', () => {
  const named = key({ object: undefined, id: 'BEEF' });
  assert.match(line(generateInToken(named, RSA, 'stem', '0A', undefined)), / --label stem --id BEEF /);
});

suite('openssl reads and tries a key by its argument, with the PIN by name', () => {
  assert.is(line(readPublicKey('URI', key())), 'openssl pkey -in URI -passin env:MY_PIN -pubout');
  assert.is(
    line(tryKey('URI', key())),
    'openssl req -new -batch -config /dev/null -subj /CN=trial -key URI -passin env:MY_PIN',
  );
});

suite.run();
