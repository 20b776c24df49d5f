// The hash of an EFI binary, as firmware computes it.
// Source: Microsoft's Authenticode_PE.docx, "Calculating the PE Image Hash"; HashPeImage of EDK2 (DxeImageVerificationLib).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StateError } from '../errors.ts';
import { type Layout, readLayout } from './pe.ts';

/** Tools that sign pad the file to a multiple of this many bytes first. */
const ALIGNMENT = 8;

/** An EFI binary that is all there. */
export interface Image {
  readonly file: string;
  readonly bytes: Buffer;
  readonly layout: Layout;
}

/** Throws a StateError where it is none, or not all of one. */
export function readImage(file: string): Image {
  const bytes = readFileSync(file);
  const layout = readLayout(bytes, bytes.length);
  if (typeof layout === 'string')
    throw new StateError(`"${file}" ${layout}`, 'give an EFI binary as it was built, or its signed copy');
  return { file, bytes, layout };
}

/**
 * The hash of an image: all but check sum, the entry of the certificate table, and that itself. `digest` is node's
 * name of it; `padding` are zero bytes at the end that the file does not have.
 */
export function hashOfImage({ bytes, layout }: Image, digest = 'sha256', padding = 0): Buffer {
  const { checksum, directory, headers, certificates } = layout;
  const sections = [...layout.sections].sort((a, b) => a.start - b.start);
  const hash = createHash(digest).update(bytes.subarray(0, checksum));
  const rest = checksum + 4;
  if (directory === undefined) hash.update(bytes.subarray(rest, headers));
  else hash.update(bytes.subarray(rest, directory)).update(bytes.subarray(directory + 8, headers));
  for (const { start, end } of sections) hash.update(bytes.subarray(start, end));
  // What no section has comes after them: not from where the last one ends, but from the sum of what was hashed.
  const hashed = sections.reduce((sum, { start, end }) => sum + end - start, headers);
  const end = bytes.length - (certificates.end - certificates.start);
  if (end > hashed) hash.update(bytes.subarray(hashed, end));
  return hash.update(Buffer.alloc(padding)).digest();
}

/** SHA-256 of a binary as it is, and the one that its signed copies have, where that is another. */
export function hashesOfImage(image: Image): [Buffer, ...Buffer[]] {
  const { start, end } = image.layout.certificates;
  const padding = end > start ? 0 : -image.bytes.length & (ALIGNMENT - 1);
  return padding === 0 ? [hashOfImage(image)] : [hashOfImage(image), hashOfImage(image, 'sha256', padding)];
}
