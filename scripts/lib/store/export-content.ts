// What a derived export has to hold, from the files that determine it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pemToDer } from '../model/pem.ts';
import type { DerivedExport } from './exports.ts';
import { firstCertificate } from './files.ts';

/** The DER of its certificate, or key and certificate in PEM. Throws where a source is missing. */
export function exportContent({ certificate, key }: DerivedExport, folder: string): Buffer {
  const first = firstCertificate(join(folder, certificate));
  return key ? Buffer.concat([readFileSync(join(folder, key)), Buffer.from(first)]) : pemToDer(first);
}
