// What a derived export has to hold, from the files that determine it.
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { joinPem, pemToDer, privateKeyBlock } from '../model/pem.ts';
import type { DerivedExport } from './exports.ts';
import { firstCertificate } from './files.ts';
import { absenceOf, readInput } from './input-file.ts';

/** The DER of its certificate, or key and certificate in PEM. Throws where a source is missing or holds none. */
export function exportContent({ certificate, key }: DerivedExport, folder: string): Buffer {
  const first = firstCertificate(join(folder, certificate));
  return key ? Buffer.from(joinPem([privateKey(join(folder, key)), first]), 'latin1') : pemToDer(first);
}

/** The text of a key file. Throws a StateError where it is none: to open a pipe would wait for its writer. */
export function readKey(path: string): string {
  if (absenceOf(path) === 'is no file')
    throw new StateError(`"${path}" is no file`, 'put the key itself there, or move it away');
  return readInput(path).toString('latin1');
}

function privateKey(path: string): string {
  const text = readKey(path);
  if (privateKeyBlock(text)) return text;
  throw new StateError(`"${path}" holds no private key in PEM`, 'restore it from a backup, or move it away');
}
