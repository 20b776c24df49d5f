// Which profile of its issuer gives an entity what it asks for.
import { NAME_KINDS } from '../authority/request-policy.ts';
import { listWords } from '../model/extension-values.ts';
import { EXTENSION_KEYS, isOid } from '../model/extensions.ts';
import type { Entity } from '../model/types.ts';
import { wantedValue } from '../store/differences.ts';

const NAMES = 'subjectAltName';

/** Whether an entity has names that a profile may take over from its request. */
function hasNames(entity: Entity): boolean {
  const { words } = listWords(entity.facts.get('certificate')?.get(NAMES)?.value ?? '');
  return words.length > 0 && words.every(word => NAME_KINDS.includes(word.split(':')[0]!));
}

/** Whether its request asks for its names: the profile that gives what it asks for else takes them over. */
export function asksForNames(entity: Entity, issuer: Entity | undefined): boolean {
  const profile = profileGiving(entity, issuer);
  return profile !== undefined && issuer?.issued.get(profile)?.copy.includes(NAMES) === true && hasNames(entity);
}

/** Its name, '' for the one that needs none; undefined: no profile of the issuer has these extensions. */
export function profileGiving(entity: Entity, issuer: Entity | undefined): string | undefined {
  const wanted = entity.facts.get('certificate');
  const isNamed = hasNames(entity);
  for (const [name, { copy }] of issuer?.issued ?? []) {
    const given = issuer?.facts.get(name === '' ? 'issued' : `issued ${name}`);
    const keys = [...new Set([...(wanted?.keys() ?? []), ...(given?.keys() ?? [])])];
    const isGiven = (key: string) =>
      (key === NAMES && isNamed && copy.includes(key) && !given?.get(key)?.value) ||
      wantedValue(key, wanted?.get(key)?.value ?? '', entity) ===
        wantedValue(key, given?.get(key)?.value ?? '', entity);
    if (keys.filter(key => EXTENSION_KEYS.includes(key) || isOid(key)).every(isGiven)) return name;
  }
  return undefined;
}

/**
 * The command that has a request signed by it; where there is none yet, with the words that name it. A key that has a
 * certificate may have signed the very same request before.
 */
export function signCommand(entity: Entity, issuer: Entity | undefined, hasCertificate: boolean): string {
  const profile = profileGiving(entity, issuer) ?? 'NAME --conf FOLDER';
  const again = hasCertificate ? ' --same-key --again' : '';
  return `trustme-pki sign-csr ${entity.issuer} ${entity.stem}.csr${profile && ` --profile ${profile}`}${again}`;
}
