// Are the authenticated variable updates signed by their authorisers, and do they carry what the lists hold?
import type { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSame, parseSignatureLists, X509_GUID } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import type { VariableFiles } from '../model/uefi.ts';
import { parseVariableUpdate, type VariableUpdate } from '../model/variable-update.ts';
import type { Surroundings } from '../run/exec.ts';
import { certificateIn } from '../store/certificate.ts';
import { readContained } from '../store/contained-file.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { CLEAR_PK, fieldUpdateFile, listFile, updateFile } from '../store/names.ts';
import { retiredCertificates } from '../store/retired.ts';
import { error, type Finding, warning } from './finding.ts';
import { readList } from './lists.ts';
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

/** Those whom machines with the present list of an authoriser know: in a rotation that holds two. */
function knownAs(directory: PkiDirectory, stem: string): X509Certificate[] {
  const held = directory.lists.has(stem) ? readList(directory.path, listFile(stem)) : [];
  const inList = Array.isArray(held) ? held.filter(({ type }) => type === X509_GUID) : [];
  return [...presentOf(directory, stem), ...inList.flatMap(({ data }) => certificateIn(data) ?? [])];
}

/**
 * Checks what machines in the field are given beside the updates of `variables`: they may know an authoriser that was
 * replaced by the run that made both.
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
        const known = knownAs(directory, variable.authoriser);
        const former = retiredCertificates(directory.path, variable.authoriser);
        const refusalBy = (signers: readonly X509Certificate[]) =>
          refusalOfUpdate(update, { name: variable.name, isAppended }, signers, scratch, surroundings);
        const refusal = await refusalBy([...known, ...former]);
        const isLate = isAppended && refusal === undefined && !isMadeWithWhole(directory, stem, update);
        const hasLapsed = isLate && former.length > 0 && (await refusalBy(known)) !== undefined;
        return [
          ...refused(file, variable, refusal),
          ...(hasLapsed ? [lapsed(file, variable)] : []),
          ...checkContent(directory, stem, file, update),
        ];
      });
  });
  return (await Promise.all(checked)).flat();
}

/** What is made in one run bears times a second apart; the run may have replaced the authoriser, whom the first still knows. */
function isMadeWithWhole({ path }: PkiDirectory, stem: string, { time }: VariableUpdate): boolean {
  const whole = readUpdate(path, updateFile(stem));
  return !('code' in whole) && whole.time.getTime() - time.getTime() === 1000;
}

const lapsed = (file: string, { authoriser }: Variable): Finding =>
  warning(
    'field-update-lapsed',
    file,
    `a former ${authoriser} signed it: firmware that knows the present one refuses it`,
    'move it away',
  );

/** Names of field updates whose signer was replaced by a later run. */
export async function lapsedFieldUpdates(...asked: Parameters<typeof checkFieldUpdates>): Promise<string[]> {
  const findings = await checkFieldUpdates(...asked);
  return findings.filter(({ code }) => code === 'field-update-lapsed').map(({ file }) => file);
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
