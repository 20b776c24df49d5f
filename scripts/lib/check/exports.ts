// Do the derived exports say what their sources say?
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateBlocks, pemToDer } from '../model/pem.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { error, type Finding } from './finding.ts';

/** Compares every export that is there with its certificate, and with its key where it holds one. */
export function checkExports(path: string): Finding[] {
  return DERIVED_EXPORTS.flatMap(({ file, certificate, key }) => {
    if (!existsSync(join(path, file)) || !existsSync(join(path, certificate))) return [];
    const [first = ''] = certificateBlocks(readFileSync(join(path, certificate), 'latin1'));
    const content = readFileSync(join(path, file));
    const expected = key ? Buffer.concat([readFileSync(join(path, key)), Buffer.from(first)]) : pemToDer(first);
    return content.equals(expected)
      ? []
      : [error('export-mismatch', file, `it does not match "${certificate}"`, `remove "${file}" and run again`)];
  });
}
