// Adds the derived exports that a PKI directory lacks. Nothing that is there is touched.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TOKEN_KEY_MARK } from '../model/token.ts';
import { draftOf, draftsLeft } from '../store/draft.ts';
import { exportContent, readKey } from '../store/export-content.ts';
import { DERIVED_EXPORTS, type DerivedExport } from '../store/exports.ts';
import { giveName, isTaken, syncPath, writeNew } from '../store/files.ts';
import { refuseLink } from '../store/refuse-links.ts';

/** Exports whose sources are there and which are not. */
function missingExports(folder: string): DerivedExport[] {
  return DERIVED_EXPORTS.filter(
    ({ file, certificate, key }) =>
      !isTaken(join(folder, file)) &&
      existsSync(join(folder, certificate)) &&
      (!key || isPrivateKey(join(folder, key))),
  );
}

/** A key in a token leaves a file with its address: no reader of an export could use that. */
const isPrivateKey = (path: string): boolean => existsSync(path) && !readKey(path).startsWith(TOKEN_KEY_MARK);

export const hasMissingExports = (folder: string): boolean => missingExports(folder).length > 0;

/**
 * Makes them, each whole or not at all, and returns their names. Two runs by different links to one directory have
 * different locks: each has a draft of its own, and what another gave its name meanwhile is there.
 */
export function addMissingExports(folder: string): string[] {
  removeDrafts(folder);
  const missing = missingExports(folder);
  for (const { file } of missing) if (dirname(file) !== '.') refuseLink(folder, dirname(file));
  return missing.filter(each => addExport(each, folder)).map(({ file }) => file);
}

/** A draft of a killed run may hold a private key. Where the folder is not ours, its owner's next run removes it. */
function removeDrafts(folder: string): void {
  try {
    for (const { file } of DERIVED_EXPORTS) for (const draft of draftsLeft(join(folder, file))) rmSync(draft);
  } catch {
    // It may be neither read nor written.
  }
}

/** Whether it was made; false: by somebody else. */
function addExport(each: DerivedExport, folder: string): boolean {
  const path = join(folder, each.file);
  const draft = draftOf(path);
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeNew(draft, exportContent(each, folder), each.key ? 0o600 : 0o644);
    syncPath(draft);
    giveName(draft, path);
  } catch (error) {
    if (isTaken(path)) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncPath(dirname(path));
  return true;
}
