// Are the authenticated variable updates signed by their authorisers, and do they carry what the lists hold?
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSame, parseSignatureLists } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import type { VariableFiles } from '../model/uefi.ts';
import { parseVariableUpdate, type VariableUpdate } from '../model/variable-update.ts';
import type { Surroundings } from '../run/exec.ts';
import { readContained } from '../store/contained-file.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { CLEAR_PK, fieldUpdateFile, listFile, updateFile } from '../store/names.ts';
import { retiredCertificates } from '../store/retired.ts';
import { error, type Finding, warning } from './finding.ts';
import { refusalOfUpdate } from './update-signature.ts';

const HINT = 'sign it again: sign-efi-sig-list of efitools, with key and certificate of its authoriser';

/** Checks the update of a variable. `scratch` is a folder for passing files to openssl. */
export async function checkUpdate(
  directory: PkiDirectory,
  stem: string,
  variable: Variable,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const file = updateFile(stem);
  const update = readUpdate(directory.path, file);
  if ('code' in update) return [update];
  const mismatch = isCarried(directory, stem, update)
    ? []
    : [error('update-mismatch', file, `it does not carry what "${listFile(stem)}" holds`, HINT)];
  const signers = presentOf(directory, variable.authoriser);
  const purpose = { name: variable.name, isAppended: false };
  const refusal = await refusalOfUpdate(update, purpose, signers, scratch, surroundings);
  return [...mismatch, ...refused(file, variable, refusal)];
}

const refused = (file: string, { authoriser }: Variable, refusal: string | undefined): Finding[] =>
  refusal === undefined
    ? []
    : [error('update-refused', file, `its signature is not one of its authoriser ${authoriser}: ${refusal}`, HINT)];

const presentOf = ({ certificates }: PkiDirectory, stem: string) =>
  certificates.filter(each => each.stem === stem).map(({ certificate }) => certificate);

/**
 * Checks what machines in the field are given beside the updates of `variables`: they may know an authoriser that was
 * replaced since.
 */
export async function checkFieldUpdates(
  directory: PkiDirectory,
  variables: readonly VariableFiles[],
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const checked = variables.flatMap(({ stem, variable }) => {
    const isAppended = variable.name !== 'PK';
    const files = [fieldUpdateFile(stem, isAppended), ...(isAppended ? [] : [CLEAR_PK])];
    return files
      .filter(file => existsSync(join(directory.path, file)))
      .map(async file => {
        const update = readUpdate(directory.path, file);
        if ('code' in update) return [update];
        const signers = [
          ...presentOf(directory, variable.authoriser),
          ...retiredCertificates(directory.path, variable.authoriser),
        ];
        const purpose = { name: variable.name, isAppended };
        const refusal = await refusalOfUpdate(update, purpose, signers, scratch, surroundings);
        return [...refused(file, variable, refusal), ...checkContent(directory, stem, file, update)];
      });
  });
  return (await Promise.all(checked)).flat();
}

/** The one that empties PK carries nothing; the others what is in the list. */
function checkContent(directory: PkiDirectory, stem: string, file: string, { payload }: VariableUpdate): Finding[] {
  if (file === CLEAR_PK)
    return payload.length === 0 ? [] : [error('update-mismatch', file, 'it does not empty PK', HINT)];
  const isHeld = isWithin(directory, stem, payload);
  return isHeld
    ? []
    : [warning('field-update-stale', file, `it carries what "${listFile(stem)}" does not hold`, 'move it away')];
}

function isWithin({ path, lists }: PkiDirectory, stem: string, payload: Buffer): boolean {
  if (!lists.has(stem)) return true;
  try {
    const held = parseSignatureLists(readContained(path, listFile(stem)));
    return parseSignatureLists(payload).every(each => held.some(other => isSame(each, other)));
  } catch {
    return false;
  }
}

/** An update without a list beside it has nothing to be equal to. */
function isCarried({ path, lists }: PkiDirectory, stem: string, { payload }: VariableUpdate): boolean {
  try {
    return !lists.has(stem) || payload.equals(readContained(path, listFile(stem)));
  } catch {
    return false;
  }
}

/** The update, or why it is none. */
export function readUpdate(root: string, file: string): VariableUpdate | Finding {
  try {
    return parseVariableUpdate(readContained(root, file));
  } catch (failure) {
    return error('update-unreadable', file, `it is no variable update: ${(failure as Error).message}`, HINT);
  }
}
