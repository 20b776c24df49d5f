// Adds the derived exports that a PKI directory lacks. Nothing that is there is touched.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TOKEN_KEY_MARK } from '../model/token.ts';
import { exportContent, readKey } from '../store/export-content.ts';
import { DERIVED_EXPORTS, type DerivedExport } from '../store/exports.ts';
import { giveName, syncPath, writeNew } from '../store/files.ts';
import { refuseLink } from '../store/refuse-links.ts';

/** Exports whose sources are there and which are not. */
function missingExports(folder: string): DerivedExport[] {
  return DERIVED_EXPORTS.filter(
    ({ file, certificate, key }) =>
      !existsSync(join(folder, file)) &&
      existsSync(join(folder, certificate)) &&
      (!key || isPrivateKey(join(folder, key))),
  );
}

/** A key in a token leaves a file with its address: no reader of an export could use that. */
const isPrivateKey = (path: string): boolean =>
  existsSync(path) && !readKey(path).startsWith(TOKEN_KEY_MARK);

export const hasMissingExports = (folder: string): boolean => missingExports(folder).length > 0;

/** Where an export is written before it gets its name. */
const draftOf = (folder: string, file: string): string => join(folder, dirname(file), `.${basename(file)}.trustme-pki`);

/** Makes them, each whole or not at all, and returns their names. Drafts of a killed run go first. */
export function addMissingExports(folder: string): string[] {
  for (const { file } of DERIVED_EXPORTS) if (existsSync(draftOf(folder, file))) rmSync(draftOf(folder, file));
  const missing = missingExports(folder);
  for (const { file } of missing) if (dirname(file) !== '.') refuseLink(folder, dirname(file));
  return missing.map(each => {
    const path = join(folder, each.file);
    const draft = draftOf(folder, each.file);
    mkdirSync(dirname(path), { recursive: true });
    try {
      writeNew(draft, exportContent(each, folder), each.key ? 0o600 : 0o644);
      syncPath(draft);
      giveName(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    syncPath(dirname(path));
    return each.file;
  });
}
