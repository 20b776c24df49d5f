// What cannot be looked at: links, FIFOs and what is too large, and files that are not what their name says.
import { refusalToRead } from '../store/contained-file.ts';
import type { Entry } from '../store/inventory.ts';
import { mostBytesOf } from '../store/regular-file.ts';
import { error, type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

export const checkEntries = ({ entries, directory }: Inspection): Finding[] =>
  entries.flatMap(entry => describeEntry(entry, directory.path));

export const checkUnreadable = ({ directory }: Inspection): Finding[] =>
  directory.unreadable.map(file =>
    error(
      'certificate-unreadable',
      file,
      refusalToRead(directory.path, file) ?? 'it holds no certificate in PEM',
      'put a certificate in PEM in its place',
    ),
  );

function describeEntry({ file, kind, size }: Entry, root: string): Finding[] {
  const most = mostBytesOf(file);
  if (kind === 'file' && size > most)
    return [warning('file-too-large', file, `it is larger than ${most} bytes and was not read`)];
  if (kind === 'file' || kind === 'folder') return [];
  if (kind === 'unknown') return [warning('not-regular', file, 'it cannot be looked at')];
  const refusal = refusalToRead(root, file);
  const rest = refusal === undefined ? '' : ` and was not read: ${refusal}`;
  return [warning('not-regular', file, `it is a ${kind}${rest}`, 'put a regular file in its place')];
}
