// Is a file an EFI binary, and is all of it there? sbsign signs what firmware would not load.
// Source: Microsoft's PE format, sections "COFF file header" and "section table"; UEFI specification 2.1.1.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** More than headers and section tables take. */
const HEAD = 64 * 1024;
const SECTION = 40;

/** What is wrong with it, as `is no EFI binary …`; undefined: nothing. */
export function flawOfBinary(file: string): string | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    const length = readSync(descriptor, head, 0, HEAD, 0);
    return flawOf(head.subarray(0, length), fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

function flawOf(head: Buffer, size: number): string | undefined {
  const none = 'is no EFI binary (PE/COFF)';
  if (size === 0) return `${none}: it is empty`;
  if (head.length < 64 || head.subarray(0, 2).toString('latin1') !== 'MZ') return none;
  const start = head.readUInt32LE(0x3c);
  if (start + 24 > head.length || head.subarray(start, start + 4).toString('latin1') !== 'PE\0\0') return none;
  const [count, optional] = [head.readUInt16LE(start + 6), head.readUInt16LE(start + 20)];
  const table = start + 24 + optional;
  if (table + count * SECTION > head.length) return `is cut off in its headers: it has ${size} bytes`;
  for (let at = table; at < table + count * SECTION; at += SECTION) {
    const end = head.readUInt32LE(at + 16) === 0 ? 0 : head.readUInt32LE(at + 16) + head.readUInt32LE(at + 20);
    const name = head
      .subarray(at, at + 8)
      .toString('latin1')
      .replace(/\0.*/s, '');
    if (end > size) return `is cut off: its section ${name} ends at byte ${end}, and it has ${size}`;
  }
  return undefined;
}
