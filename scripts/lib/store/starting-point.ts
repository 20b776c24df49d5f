// A configuration folder to start from: every shipped file, each line of it a comment. Take the comment sign off a
// line and change its value; what stays a comment stays as shipped.
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import { systemReason } from '../system-error.ts';
import { readShippedFolder } from './configuration-folder.ts';
import { writeNew } from './files.ts';

const HEAD = (
  name: string,
  stem: string,
): string => `; ${name} of a configuration folder of one's own: --conf FOLDER, or TRUSTME_PKI_CONF.
; Below is what is shipped, as comments. Take the "; " off a line, and off the [section] above it, and change its value;
; an empty value removes a key. ${
  stem === 'defaults'
    ? 'Every entity inherits this file.'
    : `"remove = yes" leaves ${stem} out. A file of another name adds an entity.`
}
; "trustme-pki show${stem === 'defaults' ? '' : ` ${stem}`} --conf FOLDER" tells which file decides each value.

`;

/** Each line of a shipped file as a comment; its own comments are marked, so that they stay apart. */
const commented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map(line => {
      if (line === '') return '';
      return line.startsWith(';') ? `;${line}` : `; ${line}`;
    })
    .join('\n');

/** Writes the folder; returns its files. Throws a StateError where something is there already, or it cannot be made. */
export function writeStartingPoint(folder: string): string[] {
  try {
    return write(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StateError(
      `cannot write the folder "${folder}": ${systemReason(code)}`,
      'give a new folder, in a place that can be written',
    );
  }
}

function write(folder: string): string[] {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new StateError(`"${folder}" is there and not empty: nothing is overwritten`, 'give a new folder');
  const files = readShippedFolder();
  const staging = mkdtempSync(join(dirname(folder), `.${basename(folder)}.new.`));
  try {
    for (const { name, text } of files) {
      const stem = basename(name, '.ini');
      writeNew(join(staging, name), `${HEAD(name, stem)}${commented(text)}\n`);
    }
    chmodSync(staging, 0o755);
    renameSync(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return files.map(({ name }) => name);
}
