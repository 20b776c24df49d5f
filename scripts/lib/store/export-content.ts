// What a derived export has to hold, from the files that determine it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { joinPem, pemBlocks, pemToDer } from '../model/pem.ts';
import type { DerivedExport } from './exports.ts';
import { firstCertificate } from './files.ts';

/** The DER of its certificate, or key and certificate in PEM. Throws where a source is missing or holds none. */
export function exportContent({ certificate, key }: DerivedExport, folder: string): Buffer {
  const first = firstCertificate(join(folder, certificate));
  return key ? Buffer.from(joinPem([privateKey(join(folder, key)), first]), 'latin1') : pemToDer(first);
}

function privateKey(path: string): string {
  const text = readFileSync(path, 'latin1');
  if (pemBlocks(text).some(({ label }) => label.endsWith('PRIVATE KEY'))) return text;
  throw new StateError(`"${path}" holds no private key in PEM`, 'restore it from a backup, or move it away');
}
