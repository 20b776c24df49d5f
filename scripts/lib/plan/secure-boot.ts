// UEFI variables into jobs: a list for each certificate, their union, and the signed update that carries exactly
// that union. The update's job needs the list's job, so that a list is never signed before it is whole.
import type { Entity, VariableName } from '../model/types.ts';
import type { VariableFiles } from '../model/uefi.ts';
import { certificateFile, HIDDEN, listFile, updateFile } from '../store/names.ts';
import { makeSignatureList, signUpdate } from './efitools.ts';
import { type KeyInputs, keyOf } from './issuing.ts';
import { type Job, job } from './job.ts';

export interface SecureBootInputs extends KeyInputs {
  /** Owner GUID (SignatureOwner) of the certificates of this entity. */
  readonly ownerOf: (stem: string) => string;
  /** Time stamp of the update of a variable, in whole seconds. */
  readonly timeOf: (variable: VariableName) => Date;
  /** A file with the lists of what a variable holds besides our certificates, by the stem of its files. */
  readonly othersOf?: (stem: string) => string | undefined;
}

/** The jobs of a variable: its list, and its update. */
export function planVariable(
  { stem, variable }: VariableFiles,
  entities: ReadonlyMap<string, Entity>,
  inputs: SecureBootInputs,
): Job[] {
  const union = listFile(stem);
  const others = inputs.othersOf?.(stem);
  const members = variable.contains.map(each => entities.get(each)!);
  const isWhole = members.length === 1 && others === undefined;
  const lists = members.map(member => ({ file: memberList(member, stem, isWhole), member }));
  const jobs = lists.map(({ file, member }) => {
    const certificate = certificateFile(member);
    return job(file, [certificate], makeSignatureList(inputs.ownerOf(member.stem), certificate, file));
  });
  if (!jobs.some(({ id }) => id === union)) {
    const files = [...lists.map(({ file }) => file), ...(others === undefined ? [] : [others])];
    jobs.push(concatenation(union, files));
  }
  const authoriser = entities.get(variable.authoriser)!;
  const signer = { key: keyOf(authoriser, inputs), certificate: certificateFile(authoriser) };
  const update = updateFile(stem);
  const step = signUpdate(variable.name, inputs.timeOf(variable.name), signer, inputs.ownerOf(stem), union, update);
  return [...jobs, job(update, [union, signer.key.file, signer.certificate], step)];
}

/** Lists one after another are a list. */
export const concatenation = (list: string, files: readonly string[]): Job =>
  job(list, files, { kind: 'concatenate', parts: files.map(file => ({ file })), mode: 0o644 });

/** A foreign certificate's list is published; that of a key of UEFI variables is a step where a variable holds more. */
export function memberList(member: Entity, stem: string, isWhole: boolean): string {
  const isOwn = member.stem === stem && isWhole;
  return isOwn || !member.variable ? listFile(member.stem) : `${HIDDEN}/${listFile(member.stem)}`;
}
