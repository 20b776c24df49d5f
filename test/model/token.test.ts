// URIs of keys in tokens: RFC 7512, and back.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../scripts/lib/errors.ts';
import {
  describeObject,
  describeToken,
  parseTokenUri,
  readTokenUri,
  tokenKeyHead,
  tokenUri,
} from '../../scripts/lib/model/token.ts';
import type { TokenKey } from '../../scripts/lib/model/types.ts';
import { parseTokenKey } from '../../scripts/lib/store/token-key.ts';
import { configErrorOf, entityOf, keyIn, readShipped } from '../helpers/shipped.ts';
import { tokenKey as key } from '../helpers/token-key.ts';

const suite = makeSuite('token');

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
  const wrong = tokenKeyHead({ ...whole, pinVariable: 'P;id' });
  assert.throws(() => parseTokenKey(wrong), /its pin-env names no environment variable: "P;id"/);
});

suite('commands take a file, the engine’s store, or the URI for the provider', () => {
  const section = '[key]\nstorage = pkcs11\ntoken = t\nobject = o\npin-env = MY_PIN\n';
  const entity = entityOf(readShipped({ 'customer/gen_rootca.ini': section }), 'gen_rootca');
  assert.equal(keyIn(entity, 'OTHER'), {
    file: 'gen_rootca.key',
    argument: 'org.openssl.engine:pkcs11:pkcs11:token=t;object=o;type=private',
    passphrase: 'MY_PIN',
    token: key({ token: 't', object: 'o' }),
  });
});

const TYPED: readonly (readonly [uri: string, found: Partial<TokenKey>])[] = [
  ['pkcs11:object=ca;token=pki', { token: 'pki', object: 'ca' }],
  ['pkcs11:serial=01;id=%0a%fF', { serial: '01', id: '0AFF' }],
  ['pkcs11:token=a%20b;id=A%01;type=private;slot-id=3', { token: 'a b', id: '4101' }],
  ['pkcs11:token=100%;object=o', { token: '100%', object: 'o' }],
  ['pkcs11:token=t;object=o?module-path=/usr/lib/m.so', { token: 't', object: 'o', module: '/usr/lib/m.so' }],
];
for (const [uri, found] of TYPED)
  suite(`${uri} as somebody types it`, () => {
    assert.equal(key(readTokenUri(uri)), key(found));
  });

suite('a URI that names no key of a token is refused with an example', () => {
  for (const uri of ['pkcs11:', 'pkcs11:token=t', 'pkcs11:object=o', 'pkcs11:slot-id=1;object=o'])
    assert.throws(
      () => readTokenUri(uri),
      (error: unknown) =>
        error instanceof UsageError && error.message.includes(`"${uri}"`) && /token=T;object=O/.test(error.hint ?? ''),
      uri,
    );
});

suite('a URI with a PIN is refused without being repeated', () => {
  for (const uri of [
    'pkcs11:token=t;object=o?pin-value=1234',
    'pkcs11:token=t;object=o;pin-value=1234',
    'pkcs11:token=t;object=o?module-path=/m.so&pin-source=/etc/1234',
  ])
    assert.throws(
      () => readTokenUri(uri),
      (error: unknown) =>
        error instanceof UsageError && !`${error.message} ${error.hint}`.includes('1234') && /PIN/.test(error.message),
      uri,
    );
});

suite('tokens and objects are named by label, number, or both', () => {
  assert.is(describeToken(key({ token: 't' })), '"t"');
  assert.is(describeToken(key({ serial: '9' })), 'with serial number 9');
  assert.is(describeToken(key({ token: 't', serial: '9' })), '"t" with serial number 9');
  assert.is(describeObject(key({ object: 'o' })), '"o"');
  assert.is(describeObject(key({ id: '0A' })), 'with id 0A');
  assert.is(describeObject(key({ object: 'o', id: '0A' })), '"o" with id 0A');
});

const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ['token = t\nobject = o', /storage.*"pkcs11" \(in a token\) or "file"/],
  ['storage = pkcs11\nobject = o', /token.*or its serial number/],
  ['storage = pkcs11\ntoken = t', /object.*or its id/],
  ['storage = hsm\ntoken = t\nobject = o', /found "hsm"/],
  [`storage = pkcs11\ntoken = ${'t'.repeat(33)}\nobject = o`, /at most 32 ASCII/],
  [`storage = pkcs11\nserial = ${'1'.repeat(17)}\nobject = o`, /at most 16 ASCII/],
  [`storage = pkcs11\ntoken = t\nobject = ${'o'.repeat(65)}`, /at most 64 ASCII/],
  ['storage = pkcs11\ntoken = t\nid = 0', /in hexadecimal/],
  ['storage = pkcs11\ntoken = t\nobject = o\nmodule = lib/m.so', /absolute path of a PKCS #11 module/],
  ['storage = pkcs11\ntoken = t\nobject = o\nmodule = m', /absolute path of a PKCS #11 module/],
  ['storage = pkcs11\ntoken = t\nobject = o\npin-env = 12-34', /name of an environment variable/],
];
for (const [section, message] of SECTIONS)
  suite(`[key] ${JSON.stringify(section).slice(0, 60)} is a mistake`, () => {
    const { message: said } = configErrorOf(() => readShipped({ 'customer/gen_rootca.ini': `[key]\n${section}\n` }));
    assert.match(said, message);
  });

suite('values at their bounds are taken; "file" is no token', () => {
  const ini = `[key]\nstorage = pkcs11\ntoken = ${'t'.repeat(32)}\nserial = ${'1'.repeat(16)}\nobject = ${'o'.repeat(64)}\nid = ${'0a'.repeat(32)}\nmodule = libm.so.2\n`;
  const { token } = entityOf(readShipped({ 'customer/gen_rootca.ini': ini }), 'gen_rootca');
  assert.equal(token, {
    token: 't'.repeat(32),
    serial: '1'.repeat(16),
    object: 'o'.repeat(64),
    id: '0A'.repeat(32),
    module: 'libm.so.2',
    pinVariable: 'TRUSTME_PKCS11_PIN',
  });
  const inFile = entityOf(readShipped({ 'customer/gen_rootca.ini': '[key]\nstorage = file\n' }), 'gen_rootca');
  assert.is(inFile.token, undefined);
});

suite.run();
