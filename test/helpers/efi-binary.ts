// Tiny EFI binaries (PE32, PE32+) that tools read: headers, two sections, and what comes after them.

export interface Shape {
  readonly bits: 32 | 64;
  /** How many bytes come after the sections. */
  readonly trailing: number;
  /** Whether the order of the sections in the file is not that of their table. */
  readonly isCrossed?: boolean;
}

const HEADERS = 0x200;
const SECTION = 0x200;

/** The same bytes for the same shape. */
export function makeEfiBinary({ bits, trailing, isCrossed }: Shape): Buffer {
  const bytes = Buffer.alloc(HEADERS + 2 * SECTION + trailing);
  const isWide = bits === 64;
  const optionalSize = isWide ? 240 : 224;
  const [start, optional] = [0x80, 0x98];
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(start, 0x3c);
  bytes.write('PE\0\0', start, 'latin1');
  bytes.writeUInt16LE(isWide ? 0x8664 : 0x14c, start + 4);
  bytes.writeUInt16LE(2, start + 6);
  bytes.writeUInt16LE(optionalSize, start + 20);
  bytes.writeUInt16LE(isWide ? 0x0202 : 0x0302, start + 22);
  bytes.writeUInt16LE(isWide ? 0x20b : 0x10b, optional);
  for (const [at, value] of [
    [4, SECTION],
    [16, 0x1000],
    [20, 0x1000],
    [isWide ? 24 : 28, 0x10000],
    [32, 0x1000],
    [36, 0x200],
    [56, 0x3000],
    [60, HEADERS],
    [64, 0x1234],
    [isWide ? 108 : 92, 16],
  ] as const)
    bytes.writeUInt32LE(value, optional + at);
  bytes.writeUInt16LE(10, optional + 68);
  for (const [i, name] of ['.text', '.data'].entries()) {
    const row = optional + optionalSize + i * 40;
    bytes.write(name, row, 'latin1');
    const values = [SECTION, 0x1000 * (i + 1), SECTION, HEADERS + SECTION * (isCrossed ? 1 - i : i)];
    for (const [j, value] of values.entries()) bytes.writeUInt32LE(value, row + 8 + j * 4);
    bytes.writeUInt32LE(i === 0 ? 0x60000020 : 0xc0000040, row + 36);
  }
  for (let at = HEADERS; at < bytes.length; at++) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  return bytes;
}

/** A copy with signatures: padded to 8 bytes, then each in a WIN_CERTIFICATE (UEFI 2.10, 32.2.4). */
export function withSignatures(binary: Buffer, signatures: readonly Buffer[]): Buffer {
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  const table = signatures.map(each => {
    const header = Buffer.from('0000000000020200', 'hex');
    header.writeUInt32LE(8 + each.length);
    return pad(Buffer.concat([header, each]));
  });
  const padded = pad(binary);
  const directories = padded.readUInt16LE(0x98) === 0x20b ? 0x98 + 112 : 0x98 + 96;
  padded.writeUInt32LE(padded.length, directories + 32);
  padded.writeUInt32LE(Buffer.concat(table).length, directories + 36);
  return Buffer.concat([padded, ...table]);
}
