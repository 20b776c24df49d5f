// What `openssl ca` is told of the key that signs.
import { passin } from '../plan/private-key.ts';
import type { Authority } from './open.ts';

/** Options of `openssl ca` for the CA's key. One in a token is named here: the road to it is that of this machine. */
export const keyOptions = ({ configuration, key }: Pick<Authority, 'configuration' | 'key'>): string[] => [
  ...(key.token ? ['-keyfile', key.argument] : []),
  ...passin(key),
  ...signatureOptionsIn(configuration),
];

/** Those of its example commands, each once. */
const signatureOptionsIn = (configuration: string): string[] =>
  [...new Set([...configuration.matchAll(/-sigopt (\S+)/g)].map(([, option]) => option!))].flatMap(option => [
    '-sigopt',
    option,
  ]);
