// One key, several certificates (`key-of`): what it issues has to lead to each of these.
import type { Entity, Extension, Profile } from './types.ts';

/**
 * Leaves name and serial number of the issuer's certificate out of the authorityKeyIdentifier (RFC 5280 4.2.1.1) of what
 * such a key issues: OpenSSL would take no other certificate of the key.
 */
export function withAnyIssuer(entities: readonly Entity[]): Entity[] {
  const keyOf = new Map(entities.map(entity => [entity.stem, entity.keyOf]));
  const shared = new Set(entities.filter(({ stem, keyOf }) => keyOf !== stem).map(entity => entity.keyOf));
  return entities.map(entity => ({
    ...entity,
    certificate: shared.has(keyOf.get(entity.issuer) ?? '') ? byKeyAlone(entity.certificate) : entity.certificate,
    issued: shared.has(entity.keyOf)
      ? new Map([...entity.issued].map(([name, profile]) => [name, byKeyAlone(profile)]))
      : entity.issued,
  }));
}

const byKeyAlone = (profile: Profile): Profile => ({
  ...profile,
  extensions: profile.extensions.map(withoutIssuer),
  rsaExtensions: profile.rsaExtensions.map(withoutIssuer),
});

const withoutIssuer = (line: Extension): Extension =>
  line.name === 'authorityKeyIdentifier' ? { ...line, value: 'keyid:always' } : line;
