// What `openssl ca` is told of the key that signs.
import type { X509Certificate } from 'node:crypto';
import { passin } from '../plan/private-key.ts';
import { certificateKey, keyAlgorithmOf } from '../store/der.ts';
import type { FormerSigner } from './former-keys.ts';
import type { Authority } from './open.ts';

/** Options of `openssl ca` for the CA's key. One in a token is named here: the road to it is that of this machine. */
export const keyOptions = ({ configuration, key }: Pick<Authority, 'configuration' | 'key'>): string[] => [
  ...(key.token ? ['-keyfile', key.argument] : []),
  ...passin(key),
  ...signatureOptionsIn(configuration),
];

/** The same for a key that the CA had before; one of another kind is not used as the configuration says. */
export const formerKeyOptions = (
  { configuration, certificate }: Authority,
  { key, former }: FormerSigner,
): string[] => {
  const kindOf = ({ raw }: X509Certificate) => keyAlgorithmOf(certificateKey(raw));
  const isSameKind = kindOf(certificate.certificate) === kindOf(former.certificate);
  return [
    ...['-cert', former.file, '-keyfile', key.argument],
    ...passin(key),
    ...(isSameKind ? signatureOptionsIn(configuration) : ['-md', 'default']),
  ];
};

/** Those of its example commands, each once. */
const signatureOptionsIn = (configuration: string): string[] =>
  [...new Set([...configuration.matchAll(/-sigopt (\S+)/g)].map(([, option]) => option!))].flatMap(option => [
    '-sigopt',
    option,
  ]);
