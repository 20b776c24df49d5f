// URIs of keys in tokens: RFC 7512, and back.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTokenUri, tokenKeyHead, tokenUri } from '../../scripts/lib/model/token.ts';
import type { TokenKey } from '../../scripts/lib/model/types.ts';
import { parseTokenKey } from '../../scripts/lib/store/token-key.ts';
import { entityOf, keyIn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('token');

const key = (given: Partial<TokenKey>): TokenKey => ({
  token: undefined,
  serial: undefined,
  object: undefined,
  id: undefined,
  module: undefined,
  pinVariable: 'PIN',
  ...given,
});

const CASES: readonly (readonly [Partial<TokenKey>, string])[] = [
  [{ token: 'pki', object: 'ca' }, 'pkcs11:token=pki;object=ca;type=private'],
  [{ serial: '01ab', id: '0AFF' }, 'pkcs11:serial=01ab;id=%0A%FF;type=private'],
  [
    { token: "a;b/c d%e?f&g'h", object: 'x=y*z(1)!' },
    'pkcs11:token=a%3Bb%2Fc%20d%25e%3Ff%26g%27h;object=x%3Dy%2Az%281%29%21;type=private',
  ],
];
for (const [given, uri] of CASES)
  suite(`${uri} is written, and read again`, () => {
    assert.is(tokenUri(key(given)), uri);
    assert.equal(key(parseTokenUri(uri)), key(given));
  });

suite('what names no private key, or says more than we write, is refused', () => {
  for (const uri of [
    '',
    'pkcs11:type=private',
    'pkcs11:token=a;type=public',
    'pkcs11:token=a?pin-value=1;type=private',
  ])
    assert.throws(() => parseTokenUri(uri), /it names no private key/);
});

suite('the file in place of a key says where that is; another file says nothing', () => {
  const whole = key({ token: 't', object: 'o', module: '/m.so' });
  assert.equal(parseTokenKey(`${tokenKeyHead(whole)}-----BEGIN PUBLIC KEY-----\n`), whole);
  assert.is(parseTokenKey('-----BEGIN PRIVATE KEY-----\n'), undefined);
  assert.throws(() => parseTokenKey('# The private key is in a PKCS #11 token\nuri = x\n'), /it says not/);
});

suite('commands take a file, the engine’s store, or the URI for the provider', () => {
  const section = '[key]\nstorage = pkcs11\ntoken = t\nobject = o\npin-env = MY_PIN\n';
  const entity = entityOf(readShipped({ 'customer/gen_rootca.ini': section }), 'gen_rootca');
  assert.equal(keyIn(entity, 'OTHER'), {
    file: 'gen_rootca.key',
    argument: 'org.openssl.engine:pkcs11:pkcs11:token=t;object=o;type=private',
    passphrase: 'MY_PIN',
    token: key({ token: 't', object: 'o', pinVariable: 'MY_PIN' }),
  });
});

suite.run();
