// Which profile of its issuer gives an entity what it asks for.
import { EXTENSION_KEYS, isOid } from '../model/extensions.ts';
import type { Entity } from '../model/types.ts';
import { wantedValue } from '../store/differences.ts';

/** Its name, '' for the one that needs none; undefined: no profile of the issuer has these extensions. */
export function profileGiving(entity: Entity, issuer: Entity | undefined): string | undefined {
  const wanted = entity.facts.get('certificate');
  for (const [name, { copy }] of issuer?.issued ?? []) {
    const given = issuer?.facts.get(name === '' ? 'issued' : `issued ${name}`);
    const keys = [...new Set([...(wanted?.keys() ?? []), ...(given?.keys() ?? [])])];
    const isGiven = (key: string) =>
      (copy.includes(key) && !given?.get(key)?.value) ||
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
