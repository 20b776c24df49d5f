// What a key or certificate that is there already decides of its entity, whatever the configuration would give it today.
import { withoutEncipherment } from './extensions.ts';
import type { Entity, KeyType } from './types.ts';

/** What a certificate says of its key. */
export interface KeyFacts {
  readonly keyType: KeyType;
  /** Whether the public key is an rsassaPss one (RFC 4055). */
  readonly isPssKey: boolean;
}

/** What is read of a certificate that was made elsewhere. */
export interface SuppliedFacts {
  /** undefined: a key of a type that we do not know. */
  readonly key: KeyFacts | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Reads the certificate at a path; undefined where there is none. */
export type ReadSupplied = (path: string) => SuppliedFacts | undefined;

/** Signatures and usages go with the key. */
export function withKey(entity: Entity, { keyType, isPssKey }: KeyFacts): Entity {
  // A key in a token has no rsassaPss one, and signs as the configuration says.
  const keyScheme = isPssKey ? 'rsa-pss' : 'rsa';
  const scheme = keyType.kind === 'rsa' && !entity.token ? keyScheme : entity.scheme;
  const { rsaExtensions } = entity.certificate;
  const extensions = keyType.kind === 'rsa' && scheme === 'rsa' ? rsaExtensions : withoutEncipherment(rsaExtensions);
  return { ...entity, keyType, scheme, certificate: { ...entity.certificate, extensions } };
}

/** Entities of which certificate or key were made elsewhere, as these are. */
export function withSupplied(entities: readonly Entity[], read: ReadSupplied): Entity[] {
  const found = new Map(entities.map(({ stem, supplied }) => [stem, supplied && read(supplied.certificate)]));
  return entities.map(entity => {
    const own = found.get(entity.stem);
    const key = (own ?? found.get(entity.keyOf))?.key;
    const keyed = key ? withKey(entity, key) : entity;
    if (!own) return keyed;
    const { notBefore, notAfter } = own;
    return { ...keyed, certificate: { ...keyed.certificate, days: undefined, notBefore, notAfter } };
  });
}
