// Which profile of its issuer gives an entity what it asks for.
import { NAME_KINDS } from '../authority/request-policy.ts';
import { listWords } from '../model/extension-values.ts';
import { EXTENSION_KEYS, isOid } from '../model/extensions.ts';
import type { Entity } from '../model/types.ts';
import { wantedValue } from '../store/differences.ts';

const NAMES = 'subjectAltName';

/** Whether a CA takes the names of an entity over from its request: openssl goes by the first profile for all. */
export function takesNames(entity: Entity, issuer: Entity | undefined): boolean {
  const { words } = listWords(entity.facts.get('certificate')?.get(NAMES)?.value ?? '');
  const [first] = issuer?.issued.values() ?? [];
  return (
    first?.copy.includes(NAMES) === true &&
    words.length > 0 &&
    words.every(word => NAME_KINDS.includes(word.split(':')[0]!))
  );
}

/** Its name, '' for the one that needs none; undefined: no profile of the issuer has these extensions. */
export function profileGiving(entity: Entity, issuer: Entity | undefined): string | undefined {
  const wanted = entity.facts.get('certificate');
  const asksForNames = takesNames(entity, issuer);
  for (const name of issuer?.issued.keys() ?? []) {
    const given = issuer?.facts.get(name === '' ? 'issued' : `issued ${name}`);
    const keys = [...new Set([...(wanted?.keys() ?? []), ...(given?.keys() ?? [])])];
    const isGiven = (key: string) =>
      (key === NAMES && asksForNames && !given?.get(key)?.value) ||
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
