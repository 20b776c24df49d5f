// How certificates name their issuer: by its key alone, or by name and serial number of its certificate, too.
import type { Entity, Extension, Profile } from './types.ts';

/**
 * Leaves name and serial number of the issuer's certificate out of the authorityKeyIdentifier (RFC 5280 4.2.1.1) of what
 * it issues, where its configuration says so, or its key has several certificates (`key-of`): OpenSSL would take one alone.
 */
export function withIssuersNamed(entities: readonly Entity[]): Entity[] {
  const keyOf = new Map(entities.map(entity => [entity.stem, entity.keyOf]));
  const byKey = new Set(
    entities.filter(({ stem, keyOf, isNamedByKey }) => keyOf !== stem || isNamedByKey).map(entity => entity.keyOf),
  );
  return entities.map(entity => ({
    ...entity,
    certificate: byKey.has(keyOf.get(entity.issuer) ?? '') ? byKeyAlone(entity.certificate) : entity.certificate,
    issued: byKey.has(entity.keyOf)
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
