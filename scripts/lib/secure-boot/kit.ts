// A folder with the UEFI keys of a directory in the shapes that firmware and the tools around it take. Nothing in it is
// secret; what lies in it is a function of the directory's lists and updates.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { refuseLost, requireList } from '../check/lists.ts';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { derToPem } from '../model/pem.ts';
import { formatSignatureLists, type Signature, X509_GUID } from '../model/signature-list.ts';
import { type VariableFiles, variablesIn } from '../model/uefi.ts';
import { readContained } from '../store/contained-file.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { CLEAR_PK, fieldUpdateFile, listFile, updateFile } from '../store/names.ts';
import { digestOf } from '../store/signature-digest.ts';
import { edk2Options, readme, virtFwVarsOptions } from './kit-text.ts';

/** A variable as it is enrolled. */
export interface Enrolled extends VariableFiles {
  readonly list: Buffer;
  readonly update: Buffer;
  readonly entries: readonly NamedEntry[];
}

export interface NamedEntry extends Signature {
  /** For file names: the stem of a certificate of ours, or variable and first digits. */
  readonly name: string;
  readonly isCertificate: boolean;
}

/** Files of the kit by their relative paths. Throws a StateError where the directory has no UEFI keys, or not whole. */
export function kitFiles(directory: PkiDirectory, hierarchy: Hierarchy): ReadonlyMap<string, Buffer | string> {
  const all = variablesIn(hierarchy);
  for (const { stem, variable } of all) refuseLost(directory, stem, variable.contains);
  const variables = all
    .filter(({ stem }) => directory.lists.has(stem) && directory.updates.has(stem))
    .map(each => enrolled(directory, each));
  const missing = ['PK', 'KEK', 'db'].filter(name => !variables.some(({ variable }) => variable.name === name));
  if (missing.length > 0)
    throw new StateError(
      `the directory has no list and update of ${missing.join(', ')}`,
      'trustme-pki generate --platform-keys',
    );
  const files = new Map<string, Buffer | string>([['README.md', readme(variables)]]);
  for (const { stem, variable, list, update, entries } of variables) {
    files.set(`lists/${listFile(stem)}`, list);
    files.set(`updates/${updateFile(stem)}`, update);
    files.set(
      `keytool/${variable.name === 'PK' ? updateFile(stem) : listFile(stem)}`,
      variable.name === 'PK' ? update : list,
    );
    files.set(`loader/keys/auto/${variable.name}.auth`, update);
    for (const each of entries.filter(({ isCertificate }) => isCertificate)) {
      files.set(`certificates/${variable.name}/${each.name}.cer`, each.data);
      if (variable.name !== 'dbx')
        files.set(`virt-fw-vars/${variable.name}-${each.name}.pem`, derToPem('CERTIFICATE', each.data));
    }
    for (const [name, content] of edk2Files(variable.name, entries)) files.set(`edk2/${name}`, content);
  }
  const dbx = variables.find(({ variable }) => variable.name === 'dbx');
  if (dbx) files.set('virt-fw-vars/dbx.auth', dbx.update);
  for (const file of fieldFiles(directory, variables))
    files.set(`updates/${file}`, readContained(directory.path, file));
  if (existsSync(join(directory.path, CLEAR_PK)))
    files.set(`keytool/${CLEAR_PK}`, readContained(directory.path, CLEAR_PK));
  files.set('edk2/build-options.txt', edk2Options([...files.keys()].filter(file => file.startsWith('edk2/'))));
  files.set('virt-fw-vars/options.txt', virtFwVarsOptions(variables));
  return files;
}

function enrolled({ path, certificates }: PkiDirectory, files: VariableFiles): Enrolled {
  const { stem, variable } = files;
  const known = byStem(certificates);
  const entries = requireList(path, listFile(stem)).map(each => {
    const own = variable.contains.find(member => known.get(member)?.certificate.raw.equals(each.data));
    const name = own ?? digestOf(each).slice(0, 16);
    return { ...each, name, isCertificate: each.type === X509_GUID };
  });
  const list = readContained(path, listFile(stem));
  return { ...files, list, update: readContained(path, updateFile(stem)), entries };
}

const fieldFiles = ({ path }: PkiDirectory, variables: readonly Enrolled[]): string[] =>
  [...variables.map(({ stem, variable }) => fieldUpdateFile(stem, variable.name !== 'PK')), CLEAR_PK].filter(file =>
    existsSync(join(path, file)),
  );

/** PK.cer, KEK1.cer …: a certificate a file; what is no certificate in one list, which recent EDK2 takes alone. */
function edk2Files(variable: string, entries: readonly NamedEntry[]): [string, Buffer][] {
  const stem = variable.toUpperCase();
  const certificates = entries.filter(({ isCertificate }) => isCertificate);
  const others = entries.filter(({ isCertificate }) => !isCertificate);
  return [
    ...certificates.map(({ data }, i): [string, Buffer] => [stem === 'PK' ? 'PK.cer' : `${stem}${i + 1}.cer`, data]),
    ...(others.length > 0
      ? [[`${stem}${certificates.length + 1}.esl`, formatSignatureLists(others)] as [string, Buffer]]
      : []),
  ];
}
