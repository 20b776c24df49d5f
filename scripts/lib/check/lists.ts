// Do the UEFI lists and updates say what the configuration says, and are the updates signed by their authorisers?
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import {
  parseSignatureLists,
  parseVariableUpdate,
  signedBytes,
  wrapSignedData,
  X509_GUID,
} from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { listFile, updateFile } from '../store/names.ts';
import { error, type Finding } from './finding.ts';

/** Checks list and update of each variable; `scratch` is a folder for passing files to openssl. */
export async function checkLists(
  directory: PkiDirectory,
  variables: ReadonlyMap<string, Variable>,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const findings = await Promise.all(
    [...variables].map(async ([stem, variable]) => [
      ...checkList(directory, stem, variable),
      ...(await checkUpdate(directory, stem, variable, scratch, surroundings)),
    ]),
  );
  return findings.flat();
}

/** A list must hold exactly the certificates of its variable, in order. */
function checkList(directory: PkiDirectory, stem: string, variable: Variable): Finding[] {
  const file = listFile(stem);
  try {
    const held = parseSignatureLists(readFileSync(join(directory.path, file)));
    const expected = variable.contains.map(
      name => directory.certificates.find(each => each.stem === name)?.certificate.raw,
    );
    const isEqual =
      held.length === expected.length &&
      held.every(({ type, data }, i) => type === X509_GUID && expected[i]?.equals(data));
    return isEqual
      ? []
      : [error('list-mismatch', file, `it does not hold the certificates of ${variable.contains.join(', ')}`)];
  } catch (failure) {
    return [error('list-unreadable', file, `it is no signature list: ${(failure as Error).message}`)];
  }
}

async function checkUpdate(
  directory: PkiDirectory,
  stem: string,
  variable: Variable,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const file = updateFile(stem);
  try {
    const update = parseVariableUpdate(readFileSync(join(directory.path, file)));
    const isCarried = update.payload.equals(readFileSync(join(directory.path, listFile(stem))));
    if (!isCarried) return [error('update-mismatch', file, `it does not carry what "${listFile(stem)}" holds`)];
    const [content, signature] = [join(scratch, `${stem}.tbs`), join(scratch, `${stem}.p7`)];
    writeNew(content, signedBytes(variable.name, update));
    writeNew(signature, wrapSignedData(update.signedData));
    const authoriser =
      directory.certificates.find(each => each.stem === variable.authoriser)?.file ?? variable.authoriser;
    const args = [
      'cms',
      '-verify',
      '-binary',
      '-inform',
      'DER',
      '-in',
      signature,
      '-content',
      content,
      '-certfile',
      authoriser,
    ];
    const trust = ['-CAfile', authoriser, '-partial_chain', '-purpose', 'any', '-out', '/dev/null'];
    await runCommand(command('openssl', [...args, ...trust]), `verification of ${file}`, surroundings);
    return [];
  } catch (failure) {
    if (failure instanceof CommandError)
      return [
        error('update-refused', file, `openssl refuses its signature: ${failure.stderr.trim().split('\n').at(-1)}`),
      ];
    if (failure instanceof RangeError || (failure as NodeJS.ErrnoException).code === 'ENOENT')
      return [error('update-unreadable', file, `it is no variable update: ${(failure as Error).message}`)];
    throw failure;
  }
}
