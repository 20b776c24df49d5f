// What firmware is known not to take.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { warningOfKey, warningOfSize, warningOfType } from '../../scripts/lib/model/firmware.ts';
import { SIGNATURE_TYPES } from '../../scripts/lib/model/signature-list.ts';
import type { KeyType } from '../../scripts/lib/model/types.ts';

const suite = makeSuite('firmware');

const KEYS: readonly (readonly [KeyType, RegExp | undefined])[] = [
  [{ kind: 'rsa', bits: 2048 }, undefined],
  [{ kind: 'rsa', bits: 4096 }, undefined],
  [{ kind: 'rsa', bits: 4097 }, /^not every UEFI firmware can use its X key: some know RSA up to 4096/],
  [{ kind: 'ec', curve: 'secp384r1' }, /^not every UEFI firmware can use its X key: few verify EC .*RSA-2048$/],
  [{ kind: 'other', algorithm: 'ed25519' }, / cannot use its X key: it knows RSA$/],
];
for (const [keyType, refusal] of KEYS)
  suite(`keys: ${JSON.stringify(keyType)}`, () => {
    const said = warningOfKey(keyType, false, 'X');
    if (refusal) assert.match(said!, refusal);
    else assert.is(said, undefined);
    assert.match(warningOfKey(keyType, true, 'X')!, /RSA-PSS/);
  });

// OVMF 2022.11 of 4 MB takes lists of 33724 bytes in an update of 35086, and refuses lists of 33772.
const SIZES: readonly (readonly [number, number, RegExp | undefined])[] = [
  [0, 0, undefined],
  [0x2800 - 68, 0x2000, undefined],
  [0x2800 - 67, 0x2800 - 68, /10241 bytes with the signature are more than the 10240 that EDK2 with SMM takes where/],
  [0x2800, 0x2800 - 67, /10241 bytes are more than the 10240 .* 1 and 2 MB/],
  [35086, 33724, /33792 bytes are more than the 10240 /],
  [35134, 33725, /more than the 33792 .* OVMF of 4 MB/],
];
for (const [bytes, payload, warning] of SIZES)
  suite(`an update of ${bytes} bytes, ${payload} of lists`, () => {
    const said = warningOfSize(bytes, payload);
    if (warning) assert.match(said!, warning);
    else assert.is(said, undefined);
  });

suite('types of entries: all have two, some came later, some are rare, the rest is unknown', () => {
  const said = Object.entries(SIGNATURE_TYPES).map(([guid, { name }]) => [name, warningOfType(guid)] as const);
  const silent = said.filter(([, warning]) => warning === undefined).map(([name]) => name);
  assert.equal(silent.sort(), ['SHA-256', 'X.509']);
  for (const [name, warning] of said.filter(([, warning]) => warning !== undefined))
    assert.match(warning!, name.startsWith('X.509') ? /came with UEFI 2\.4/ : /known to some firmware alone/);
  const unknown = '00000000-0000-0000-0000-000000000000';
  assert.is(warningOfType(unknown), `entries of type ${unknown} are known to no firmware of EDK2`);
});

suite.run();
