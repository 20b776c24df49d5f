// The hash of EFI binaries, against what pesign and osslsigncode compute of the same bytes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashesOfImage, hashOfImage, readImage } from '../../scripts/lib/artifact/authenticode.ts';
import { StateError } from '../../scripts/lib/errors.ts';
import { makeEfiBinary, type Shape, withSignatures } from '../helpers/efi-binary.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('authenticode');

/** Without signature as `pesign -h` says it, with one as `osslsigncode verify`; of crossed sections the latter alone sorts. */
const VECTORS: readonly (readonly [shape: Shape, plain: string, signed: string])[] = [
  [
    { bits: 32, trailing: 0 },
    'fb8e05766735929a524703ee08eec8d5cc0d841f91297f9e32ad974b606a28f2',
    'fb8e05766735929a524703ee08eec8d5cc0d841f91297f9e32ad974b606a28f2',
  ],
  [
    { bits: 32, trailing: 5 },
    '05ec80b1b5d6c5bd202d428c5f2fc613b347e6eb7e3b1bbb74cb3921d9a11074',
    '3e651a76fb83d9e0ceef498196d9b70e31ae0b15cb81dba7c9e7a6ceb92d6953',
  ],
  [
    { bits: 64, trailing: 0 },
    'd629d88a24773b92dfa3d2506dbac4f713e8c001667412e938fb555b53e97db1',
    'd629d88a24773b92dfa3d2506dbac4f713e8c001667412e938fb555b53e97db1',
  ],
  [
    { bits: 64, trailing: 8 },
    'af91f6207692c3cfba8920df91c24af154930265d20b3e8c9b2e578969377f59',
    'af91f6207692c3cfba8920df91c24af154930265d20b3e8c9b2e578969377f59',
  ],
  [
    { bits: 64, trailing: 5 },
    'a238fc418c93a1a87390a40e3876e56af80278ac083781acbe8395c5a648859f',
    '0254360c9a63db65b0d170bfc811f9b6577dd9b095af677c134c0c816d452938',
  ],
  [
    { bits: 64, trailing: 8, isCrossed: true },
    'aafc4ff9343adbac4452abb3b524f544a7c3226d7abe7dd917ef69edba9a6198',
    'aafc4ff9343adbac4452abb3b524f544a7c3226d7abe7dd917ef69edba9a6198',
  ],
];

/** What `hashesOfImage` gives for a file of these bytes. */
const hashesOf = (bytes: Buffer): Promise<string[]> =>
  inScratch(folder => {
    writeFileSync(join(folder, 'a.efi'), bytes);
    return hashesOfImage(readImage(join(folder, 'a.efi'))).map(each => each.toString('hex'));
  });

for (const [shape, plain, signed] of VECTORS)
  suite(`hashes of ${JSON.stringify(shape)}, without signatures and with some`, async () => {
    const binary = makeEfiBinary(shape);
    assert.equal(await hashesOf(binary), [...new Set([plain, signed])]);
    assert.equal(await hashesOf(withSignatures(binary, [Buffer.from('one'), Buffer.alloc(40)])), [signed]);
  });

suite('check sum and the place of the signatures are not hashed, the last byte is', async () => {
  const binary = makeEfiBinary({ bits: 64, trailing: 8 });
  const [hash] = await hashesOf(binary);
  const [summed, longer] = [Buffer.from(binary), Buffer.from(binary)];
  summed.writeUInt32LE(0x98765432, 0x98 + 64);
  longer[longer.length - 1] = 0;
  assert.equal(await hashesOf(summed), [hash]);
  assert.not.equal(await hashesOf(longer), [hash]);
});

suite('other digests, as osslsigncode has them', () =>
  inScratch(folder => {
    const file = join(folder, 'a.efi');
    writeFileSync(file, makeEfiBinary({ bits: 64, trailing: 8, isCrossed: true }));
    assert.is(hashOfImage(readImage(file), 'sha1').toString('hex'), 'e741e50de539ddb997c3a692234a915a97c695c0');
    assert.is(
      hashOfImage(readImage(file), 'sha384').toString('hex'),
      '63d9a40186e468f2825b0349b0bd03bbcb405800af99e380bb35114e85052a1de4e082f1151a6c6917c9f752fc35b219',
    );
  }));

suite('what is no EFI binary, or not all of one, has no hash', async () => {
  const whole = withSignatures(makeEfiBinary({ bits: 64, trailing: 0 }), [Buffer.alloc(40)]);
  const rom = Buffer.from(whole);
  rom.writeUInt16LE(0x107, 0x98);
  const headless = Buffer.from(whole);
  headless.writeUInt32LE(whole.length + 1, 0x98 + 60);
  for (const [bytes, pattern] of [
    [Buffer.from('MZ'), /is no EFI binary/],
    [rom, /has no optional header of PE32 or PE32\+/],
    [headless, /is broken: its headers are to have 1585 bytes, and it has 1584/],
    [whole.subarray(0, 0x500), /is cut off: its section \.data ends at byte 1536, and it has 1280/],
    [whole.subarray(0, -1), /is cut off: its certificate table ends at byte 1584, and it has 1583/],
  ] as const) {
    const told = await hashesOf(bytes).catch((error: unknown) => error);
    assert.instance(told, StateError);
    assert.match((told as StateError).message, pattern);
  }
});

suite.run();
