// Adds the derived exports that a PKI directory lacks. Nothing that is there is touched.
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pemToDer } from '../model/pem.ts';
import { DERIVED_EXPORTS, type DerivedExport } from '../store/exports.ts';
import { firstCertificate, syncPath, writeNew } from '../store/files.ts';

/** Exports whose sources are there and which are not. */
function missingExports(folder: string): DerivedExport[] {
  return DERIVED_EXPORTS.filter(
    ({ file, certificate, key }) =>
      !existsSync(join(folder, file)) &&
      existsSync(join(folder, certificate)) &&
      (!key || existsSync(join(folder, key))),
  );
}

export const hasMissingExports = (folder: string): boolean => missingExports(folder).length > 0;

/** Makes them, each whole or not at all, and returns their names. */
export function addMissingExports(folder: string): string[] {
  return missingExports(folder).map(each => {
    const path = join(folder, each.file);
    const draft = join(dirname(path), `.${basename(path)}.new`);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(draft, { force: true });
    try {
      writeNew(draft, contentOf(each, folder), each.key ? 0o600 : 0o644);
      syncPath(draft);
      // A link, unlike a rename, never replaces what somebody else has put there meanwhile.
      linkSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    syncPath(dirname(path));
    return each.file;
  });
}

function contentOf({ certificate, key }: DerivedExport, folder: string): Buffer {
  const first = firstCertificate(join(folder, certificate));
  return key ? Buffer.concat([readFileSync(join(folder, key)), Buffer.from(first)]) : pemToDer(first);
}
