// Are the authenticated variable updates signed by their authorisers, and do they carry what the lists hold?
import type { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { parseVariableUpdate, signedBytes, type VariableUpdate, wrapSignedData } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { readContained } from '../store/contained-file.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { listFile, updateFile } from '../store/names.ts';
import { error, type Finding } from './finding.ts';

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
  const authoriser = directory.certificates.find(each => each.stem === variable.authoriser)?.certificate;
  const refusal = authoriser
    ? await refusalOf(update, variable, authoriser, scratch, surroundings)
    : 'its certificate is missing';
  if (refusal === undefined) return mismatch;
  const message = `its signature is not one of its authoriser ${variable.authoriser}: ${refusal}`;
  return [...mismatch, error('update-refused', file, message, HINT)];
}

/** Why openssl refuses the signature; undefined: it does not. */
async function refusalOf(
  update: VariableUpdate,
  { name }: Variable,
  authoriser: X509Certificate,
  scratch: string,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(scratch, 'update-'));
  writeNew(join(folder, 'content'), signedBytes(name, update));
  writeNew(join(folder, 'signature'), wrapSignedData(update.signedData));
  writeNew(join(folder, 'authoriser'), authoriser.toString());
  const args = 'cms -verify -binary -inform DER -in signature -content content -certfile authoriser';
  // Firmware asks for no validity either.
  const trust = '-CAfile authoriser -partial_chain -purpose any -no_check_time -out /dev/null';
  try {
    const verification = command('openssl', `${args} ${trust}`.split(' '));
    await runCommand(verification, `verification of the update of ${name}`, { ...surroundings, folder });
    return undefined;
  } catch (failure) {
    if (!(failure instanceof CommandError)) throw failure;
    return reasonOf(failure);
  }
}

/** The reason in `405703C4217F0000:error:1700006D:CMS routines:CMS_verify:content verify error:…`. */
const reasonOf = ({ stderr }: CommandError): string =>
  [...stderr.matchAll(/:error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/g)].at(-1)?.[1] ?? stderr.trim();

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
