// Is a file an EFI binary, and is all of it there? sbsign signs what firmware would not load. And where its parts lie.
// Source: Microsoft's PE format, sections "COFF file header" to "section table"; UEFI specification 2.1.1.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** More than headers and section tables take. */
const HEAD = 64 * 1024;
const SECTION = 40;
/** Of the optional header, by its magic number: where NumberOfRvaAndSizes stands (PE32, PE32+); the directories follow. */
const DIRECTORY_COUNT: Readonly<Record<number, number>> = { 267: 92, 523: 108 };
/** The certificate table is the fifth directory. */
const CERTIFICATES = 4;

/** Bytes of a file, from `start` to `end`, which is not among them. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export interface Layout {
  /** Offset of the four bytes of the check sum. */
  readonly checksum: number;
  /** Offset of the eight bytes that say where the certificate table is; undefined: the file has no place for them. */
  readonly directory: number | undefined;
  /** All headers: SizeOfHeaders bytes. */
  readonly headers: number;
  /** Those with data in the file, in the order of the section table. */
  readonly sections: readonly (Part & { readonly name: string })[];
  /** The certificate table; empty where nothing is signed. */
  readonly certificates: Part;
}

/** What is wrong with it, as `is no EFI binary …`; undefined: nothing. */
export function flawOfBinary(file: string): string | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    const length = readSync(descriptor, head, 0, HEAD, 0);
    const found = readLayout(head.subarray(0, length), fstatSync(descriptor).size);
    return typeof found === 'string' ? found : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Where the parts lie of a file of `size` bytes that begins with `head`; or what is wrong with it, as `flawOfBinary` says it. */
export function readLayout(head: Buffer, size: number): Layout | string {
  const none = 'is no EFI binary (PE/COFF)';
  if (size === 0) return `${none}: it is empty`;
  if (head.length < 64 || head.subarray(0, 2).toString('latin1') !== 'MZ') return none;
  const start = head.readUInt32LE(0x3c);
  if (start + 24 > head.length || head.subarray(start, start + 4).toString('latin1') !== 'PE\0\0') return none;
  const optional = start + 24;
  const table = optional + head.readUInt16LE(start + 20);
  const end = table + head.readUInt16LE(start + 6) * SECTION;
  if (end > head.length) return `is cut off in its headers: it has ${size} bytes`;
  const count = table - optional < 2 ? undefined : DIRECTORY_COUNT[head.readUInt16LE(optional)];
  if (count === undefined || optional + count + 4 > table) return `${none}: it has no optional header of PE32 or PE32+`;
  const layout = layoutOf(head, optional, count, { start: table, end });
  return flawOf(layout, size) ?? layout;
}

function layoutOf(head: Buffer, optional: number, count: number, table: Part): Layout {
  const entry = optional + count + 4 + CERTIFICATES * 8;
  const hasEntry = head.readUInt32LE(optional + count) > CERTIFICATES && entry + 8 <= table.start;
  const [at, length] = hasEntry ? [head.readUInt32LE(entry), head.readUInt32LE(entry + 4)] : [0, 0];
  const sections = [];
  for (let row = table.start; row < table.end; row += SECTION) {
    const [bytes, start] = [head.readUInt32LE(row + 16), head.readUInt32LE(row + 20)];
    const name = head
      .subarray(row, row + 8)
      .toString('latin1')
      .replace(/\0.*/s, '');
    if (bytes > 0) sections.push({ name, start, end: start + bytes });
  }
  return {
    checksum: optional + 64,
    directory: hasEntry ? entry : undefined,
    headers: head.readUInt32LE(optional + 60),
    sections,
    certificates: { start: at, end: at + length },
  };
}

function flawOf({ headers, directory, checksum, sections, certificates }: Layout, size: number): string | undefined {
  const cut = sections.find(({ end }) => end > size);
  if (cut) return `is cut off: its section ${cut.name} ends at byte ${cut.end}, and it has ${size}`;
  if (headers > size || headers < (directory ?? checksum) + 8)
    return `is broken: its headers are to have ${headers} bytes, and it has ${size}`;
  const { end } = certificates;
  return end > size ? `is cut off: its certificate table ends at byte ${end}, and it has ${size}` : undefined;
}
