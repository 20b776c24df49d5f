import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../scripts/lib/errors.ts';
import { formatKeyType, parseKeyType, refuseWeakRsa } from '../../scripts/lib/model/key-type.ts';
import type { KeyType } from '../../scripts/lib/model/types.ts';

const suite = makeSuite('key-type');

const accepted: readonly [text: string, keyType: KeyType, formatted: string][] = [
  ['rsa', { kind: 'rsa', bits: 4096 }, 'rsa:4096'],
  ['rsa:2048', { kind: 'rsa', bits: 2048 }, 'rsa:2048'],
  ['RSA:16384', { kind: 'rsa', bits: 16384 }, 'rsa:16384'],
  ['rsa:512', { kind: 'rsa', bits: 512 }, 'rsa:512'],
  ['ec:secp384r1', { kind: 'ec', curve: 'secp384r1' }, 'ec:secp384r1'],
  ['EC:P-256', { kind: 'ec', curve: 'P-256' }, 'ec:P-256'],
  ['ed25519', { kind: 'other', algorithm: 'ed25519' }, 'ed25519'],
  ['ML-DSA-65', { kind: 'other', algorithm: 'ml-dsa-65' }, 'ml-dsa-65'],
];
for (const [text, keyType, formatted] of accepted)
  suite(`"${text}" is a key type`, () => {
    assert.equal(parseKeyType(text), keyType);
    assert.is(formatKeyType(keyType), formatted);
  });

const refused = [
  ...['', ' ', ':', 'ec', 'ec:', 'ec:a b', 'ec:a;b', 'ed25519:1', '-x', '4096', 'rsa 4096', 'rsa-4096:1'],
  ...[
    'rsa:',
    'rsa:0',
    'rsa:511',
    'rsa:16385',
    'rsa:-1',
    'rsa:1e4',
    'rsa:2048:1',
    'rsa:2048 ',
    'rsa:0x1000',
    'rsa:2048.5',
  ],
];
for (const text of refused)
  suite(`"${text}" is refused with its own text`, () => {
    assert.throws(
      () => parseKeyType(text),
      (error: unknown) =>
        error instanceof UsageError &&
        error.exitCode === 2 &&
        error.message.includes(`"${text}"`) &&
        error.hint !== undefined,
    );
  });

suite('RSA keys below 2048 bits are refused unless they are forced', () => {
  assert.throws(() => refuseWeakRsa({ kind: 'rsa', bits: 2047 }, false), /2047 bits are too weak/);
  refuseWeakRsa({ kind: 'rsa', bits: 2048 }, false);
  refuseWeakRsa({ kind: 'rsa', bits: 1024 }, true);
  refuseWeakRsa({ kind: 'ec', curve: 'prime256v1' }, false);
});

suite.run();
