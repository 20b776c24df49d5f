// Do the derived exports say what their sources say?
import { readContained, refusalToRead } from '../store/contained-file.ts';
import { exportContent } from '../store/export-content.ts';
import { DERIVED_EXPORTS, type DerivedExport } from '../store/exports.ts';
import { error, type Finding } from './finding.ts';

/** Compares every export that is there, with its sources, with what it has to hold. */
export function checkExports(path: string): Finding[] {
  const isThere = ({ file, certificate, key }: DerivedExport) =>
    [file, certificate, ...(key ? [key] : [])].every(each => refusalToRead(path, each) === undefined);
  return DERIVED_EXPORTS.filter(isThere)
    .filter(each => !isEqual(each, path))
    .map(({ file, certificate }) =>
      error('export-mismatch', file, `it does not match "${certificate}"`, `remove "${file}" and run generate`),
    );
}

function isEqual(each: DerivedExport, path: string): boolean {
  const held = readContained(path, each.file);
  try {
    return held.equals(exportContent(each, path));
  } catch {
    return false; // Its source holds no certificate.
  }
}
