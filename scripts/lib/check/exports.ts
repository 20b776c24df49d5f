// Do the derived exports say what their sources say?
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportContent } from '../store/export-content.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { error, type Finding } from './finding.ts';

/** Compares every export that is there with what it has to hold. */
export function checkExports(path: string): Finding[] {
  return DERIVED_EXPORTS.filter(
    ({ file, certificate }) => existsSync(join(path, file)) && existsSync(join(path, certificate)),
  )
    .filter(each => !readFileSync(join(path, each.file)).equals(exportContent(each, path)))
    .map(({ file, certificate }) =>
      error('export-mismatch', file, `it does not match "${certificate}"`, `remove "${file}" and run again`),
    );
}
