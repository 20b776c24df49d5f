// UEFI variables into jobs: a list for each certificate, their union, and the signed update that carries exactly
// that union. The update's job needs the list's job, so that a list is never signed before it is whole.
import type { Entity, Variable } from '../model/types.ts';
import { certificateFile, HIDDEN, listFile, updateFile } from '../store/names.ts';
import { makeSignatureList, signUpdate } from './efitools.ts';
import { type KeyInputs, keyOf } from './issuing.ts';
import { type Job, job } from './job.ts';

export interface SecureBootInputs extends KeyInputs {
  /** Owner GUID (SignatureOwner) of the certificates of this entity. */
  readonly ownerOf: (entity: Entity) => string;
  /** Time stamp of the update of a variable, in whole seconds. */
  readonly timeOf: (variable: Variable['name']) => Date;
}

/** The jobs of the variable that `entity` names. */
export function planVariable(
  entity: Entity,
  variable: Variable,
  entities: ReadonlyMap<string, Entity>,
  inputs: SecureBootInputs,
): Job[] {
  const union = listFile(entity.stem);
  const authoriser = entities.get(variable.authoriser)!;
  const signer = { key: keyOf(authoriser, inputs), certificate: certificateFile(authoriser) };
  const members = variable.contains.map(stem => entities.get(stem)!);
  const lists = members.map(member => ({ file: memberList(member, entity, members.length), member }));
  const jobs = lists.map(({ file, member }) => {
    const certificate = certificateFile(member);
    return job(file, [certificate], makeSignatureList(inputs.ownerOf(member), certificate, file));
  });
  if (!jobs.some(({ id }) => id === union)) {
    const parts = lists.map(({ file }) => ({ file }));
    jobs.push(
      job(
        union,
        lists.map(({ file }) => file),
        { kind: 'concatenate', parts, mode: 0o644 },
      ),
    );
  }
  const update = updateFile(entity.stem);
  const step = signUpdate(variable, inputs.timeOf(variable.name), signer, inputs.ownerOf(entity), union, update);
  return [...jobs, job(update, [union, signer.key.file, signer.certificate], step)];
}

/** A foreign certificate's list is published; that of a key of UEFI variables is a step where a variable holds more. */
export function memberList(member: Entity, entity: Entity, count: number): string {
  const isWhole = member === entity && count === 1;
  return isWhole || !member.variable ? listFile(member.stem) : `${HIDDEN}/${listFile(member.stem)}`;
}
