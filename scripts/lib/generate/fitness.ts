// Who of the readers of a PKI cannot use the keys that the configuration asks for: a warning that names the reader.
import { ConfigError, StateError, UsageError } from '../errors.ts';
import { REFUSED_BY_EDK2, warningOfKey } from '../model/firmware.ts';
import { type Hierarchy, problemOf } from '../model/hierarchy.ts';
import { refusalOfKernel, warningOfKernel } from '../model/kernel.ts';
import { canonicalKeyType, formatKeyType, refuseWeakRsa } from '../model/key-type.ts';
import { type Entity, isPss } from '../model/types.ts';
import type { Surroundings } from '../run/exec.ts';
import { requireKeyType } from '../run/tools.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { certificateFile } from '../store/names.ts';

/** What is to be said of the key of an entity, shown as `key`, where a reader cannot use it; undefined: it can. */
type Reader = (entity: Entity, key: string) => string | undefined;

const KERNEL: Reader = (entity, key) => {
  const keyType = canonicalKeyType(entity.keyType);
  const reason = refusalOfKernel(keyType, isPss(entity)) ?? warningOfKernel(keyType);
  return reason && `the kernel's module loader cannot use its ${key} key: ${reason}`;
};

const FIRMWARE: Reader = (entity, key) => {
  const warning = warningOfKey(entity.keyType, isPss(entity), key);
  const isKnown = entity.keyType.kind === 'rsa' && !isPss(entity);
  return warning === undefined || isKnown ? warning : `${warning}; ${REFUSED_BY_EDK2}`;
};

/** A line for each key of `made` that a reader cannot use. */
export function readerNotes(made: readonly Entity[], hierarchy: Hierarchy): string[] {
  const exported = new Set(DERIVED_EXPORTS.map(({ certificate }) => certificate));
  const forKernel = made.filter(entity => !entity.variable && exported.has(certificateFile(entity)));
  const variables = made.flatMap(({ stem, variable }) => (variable ? [stem, ...variable.contains] : []));
  const forFirmware = [...new Set(variables)].map(stem => hierarchy.get(stem)!);
  return [...forKernel.flatMap(notesOf(KERNEL)), ...forFirmware.flatMap(notesOf(FIRMWARE))];
}

const notesOf =
  (reader: Reader) =>
  (entity: Entity): string[] => {
    const warning = reader(entity, `${formatKeyType(entity.keyType)}${isPss(entity) ? ' (rsa-pss)' : ''}`);
    return warning === undefined ? [] : [`${entity.stem}: ${warning}`];
  };

/** UEFI firmware verifies RSA and NIST curves; efitools cannot even sign with other keys. */
export function refuseForFirmware(made: readonly Entity[]): void {
  const unfit = made.find(({ variable, keyType }) => variable && keyType.kind === 'other');
  if (unfit)
    throw new StateError(
      `UEFI platform keys cannot be ${formatKeyType(unfit.keyType)} keys (${unfit.stem})`,
      'give rsa:BITS or ec:CURVE, or generate without platform keys',
    );
}

/** Refuses keys that are too weak, as a mistake of the file that asks for them. */
export async function refuseUnfit(made: readonly Entity[], isWeakForced: boolean | undefined): Promise<void> {
  for (const entity of made) await blamed(entity, 'key-type', () => refuseWeakRsa(entity.keyType, isWeakForced));
}

/** Refuses keys that the installed openssl cannot make. */
export async function requireKeyTypes(
  made: readonly Entity[],
  isWeakForced: boolean | undefined,
  surroundings: Surroundings,
): Promise<void> {
  const users = new Map(made.map(entity => [formatKeyType(entity.keyType), entity]));
  for (const entity of users.values())
    await blamed(entity, 'key-type', () => requireKeyType(entity.keyType, isWeakForced, surroundings));
}

/** A value that cannot be used is a mistake of the file that asks for it, where it is not the command line's. */
export async function blamed(entity: Entity, key: string, ask: () => void | Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof UsageError) || !entity.facts.get('')?.get(key)?.line) throw error;
    throw new ConfigError([problemOf(entity, '', key, `another: ${error.message}`)], error.hint);
  }
}
