// What stands in the way of a new certificate: it is made elsewhere, or a key is not here.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { type Entity, isFromElsewhere } from '../model/types.ts';
import { filling } from '../model/uefi.ts';
import { type RenewalInputs, variablesOf } from '../plan/renewal.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { CLEAR_PK, certificateFile, keyFile, updateFile } from '../store/names.ts';
import type { Issued, Present, Selection } from './select.ts';

export interface Hindrance {
  readonly name: string;
  readonly reason: string;
  /** What to do instead. */
  readonly hint: string;
}

/** undefined: it can be made here. */
export function hindranceOf(
  issued: Issued,
  hierarchy: Hierarchy,
  { keys, revoked, recorded }: Pick<Present, 'keys' | 'revoked' | 'recorded'>,
  isRekeyed: boolean,
): Hindrance | undefined {
  const { stem: name } = issued.certificate;
  const entity = hierarchy.get(name);
  const undescribed = ofUndescribed(name, hierarchy, recorded);
  if (undescribed) return undescribed;
  const reason = revoked.get(name);
  if (reason !== undefined && !isRekeyed) return ofRevoked(issued, reason, entity !== undefined);
  if (!entity) return ofIssued(issued, keys, isRekeyed);
  const { supplied, issuer, keyOf } = entity;
  if (supplied)
    return {
      name,
      reason: `the certificate of ${name} was made elsewhere (${supplied.certificate})`,
      hint: `renew it there with the same key, and take the new one: trustme-pki import ${name} FILE --cascade`,
    };
  if (isRekeyed && keyOf !== name)
    return { name, reason: `${name} certifies the key of ${keyOf}`, hint: `give that one: trustme-pki rekey ${keyOf}` };
  if (isKeyElsewhere(hierarchy.get(issuer)!)) return withKeyElsewhere(name, issuer);
  const missing = [issuer, keyOf].find(owner => !keys.has(owner));
  return missing === undefined ? undefined : withoutKey(name, missing, name);
}

/** An entity that was made by a configuration which is not given: no certificate that `issue` made. */
export function ofUndescribed(
  name: string,
  hierarchy: Hierarchy,
  recorded: Present['recorded'],
): Hindrance | undefined {
  if (hierarchy.has(name) || !Object.hasOwn(recorded, name)) return undefined;
  return {
    name,
    reason: `no configuration that is given describes ${name}, which was made by "${recorded[name]!.configuration}"`,
    hint: 'give the configuration that the directory was made with: --conf FOLDER',
  };
}

/** `what` is a certificate or a file that is signed with the key of `owner`. */
export const withoutKey = (name: string, owner: string, what: string): Hindrance => ({
  name,
  reason: `"${keyFile(owner)}", which a new ${what} needs, is not in the directory`,
  hint: 'renew it where that key is',
});

/** Whether the configuration names its certificate and no key: it keeps no database, so nothing that it signed could be revoked. */
const isKeyElsewhere = (entity: Entity): boolean =>
  isFromElsewhere(entity) && !entity.facts.get('')?.has('key-file') && !entity.token;

const withKeyElsewhere = (name: string, issuer: string): Hindrance => ({
  name,
  reason: `the configuration says that the key of ${issuer}, which signs ${name}, is elsewhere (certificate-file without key-file)`,
  hint: 'renew it where that key is, or by the configuration that it is used with there',
});

/** The same key would be in use again; it may be why it was revoked. */
function ofRevoked({ certificate: { stem: name }, issuer }: Issued, reason: string, isEntity: boolean): Hindrance {
  const another = isEntity
    ? `a new key: trustme-pki rekey ${name}`
    : `another one has another key: trustme-pki issue ${issuer} NAME`;
  const release = `release it first: trustme-pki revoke ${name} --reason removeFromCRL`;
  return { name, reason: `${name} is revoked (${reason})`, hint: reason === 'certificateHold' ? release : another };
}

function ofIssued(
  { certificate: { stem: name, file }, issuer }: Issued,
  keys: PkiDirectory['keys'],
  isRekeyed: boolean,
): Hindrance | undefined {
  if (issuer === '')
    return { name, reason: `no CA of the directory issued "${file}"`, hint: 'renew it where its CA is' };
  if (isRekeyed)
    return {
      name,
      reason: `"${name}" was made by "issue" or "sign-csr"`,
      hint: 'a certificate for another key is another one: trustme-pki issue CA NAME',
    };
  if (!keys.has(issuer)) return withoutKey(name, issuer, name);
  if (keys.has(name)) return undefined;
  return {
    name,
    reason: `the key of ${name} is not in the directory`,
    hint: `sign its request again: trustme-pki sign-csr ${issuer} REQUEST --again --output-dir FOLDER`,
  };
}

/** Throws a StateError where the key of an issuer, or one that signs an update, is not there. */
export function refuseWithoutKeys(
  { keys }: Pick<PkiDirectory, 'keys'>,
  { entities, rekeyed }: Pick<Selection, 'entities' | 'rekeyed'>,
  inputs: RenewalInputs,
): void {
  const owners = [...entities].flatMap(stem => {
    const { issuer, keyOf, supplied } = inputs.hierarchy.get(stem)!;
    const needed = supplied ? [] : [issuer, keyOf].filter(owner => !rekeyed.has(owner));
    return needed.map(owner => [stem, owner] as const);
  });
  const signers = variablesOf(inputs).map(
    ({ stem, variable: { authoriser } }) => [updateFile(stem), authoriser] as const,
  );
  const clearing = inputs.clearsPlatformKey ? [[CLEAR_PK, filling(inputs.hierarchy, 'PK')] as const] : [];
  for (const [stem, owner] of owners)
    if (stem !== owner && isKeyElsewhere(inputs.hierarchy.get(owner)!)) {
      const { reason, hint } = withKeyElsewhere(stem, owner);
      throw new StateError(reason, hint);
    }
  for (const [what, owner] of [...owners, ...signers, ...clearing]) {
    if (keys.has(owner)) continue;
    const { reason, hint } = withoutKey(what, owner, what);
    throw new StateError(reason, hint);
  }
}

/** Throws a StateError where a certificate that a new one is signed with, or is put before, is not there. */
export function refuseWithoutCertificates(
  { path }: Pick<PkiDirectory, 'path'>,
  { entities }: Pick<Selection, 'entities'>,
  { hierarchy }: RenewalInputs,
): void {
  for (const stem of entities) {
    const { issuer, bundle, supplied } = hierarchy.get(stem)!;
    const files = [...(supplied ? [] : [issuer]), ...bundle].flatMap(each =>
      entities.has(each) ? [] : certificateFile(hierarchy.get(each)!),
    );
    const missing = files.find(file => !existsSync(join(path, file)));
    if (missing !== undefined)
      throw new StateError(
        `"${missing}", which a new ${stem} needs, is not in the directory`,
        'put it there again, from a backup or from where it is trusted',
      );
  }
}
