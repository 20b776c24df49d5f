// What a certificate is to be good for, in the words of `openssl verify -purpose`.
import type { X509Certificate } from 'node:crypto';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

const PURPOSES: Readonly<Record<string, string>> = {
  [SERVER_AUTH]: 'sslserver',
  '1.3.6.1.5.5.7.3.2': 'sslclient',
  '1.3.6.1.5.5.7.3.4': 'smimesign',
  '1.3.6.1.5.5.7.3.8': 'timestampsign',
  '1.3.6.1.5.5.7.3.9': 'ocsphelper',
};

/** node's name for extendedKeyUsage is keyUsage. */
const extendedUsages = ({ keyUsage }: X509Certificate): readonly string[] => keyUsage ?? [];

/** Every purpose that its extendedKeyUsage names and openssl has a check of its own for; `any` for all others. */
export function purposesOf(certificate: X509Certificate): string[] {
  if (certificate.ca) return ['any'];
  const named = extendedUsages(certificate).flatMap(usage => PURPOSES[usage] ?? []);
  return named.length > 0 ? [...new Set(named)] : ['any'];
}

/** The same in two groups, for a run that waits for the answer: TLS servers fail most often. */
export const coarsePurposesOf = (certificate: X509Certificate): string[] => [
  extendedUsages(certificate).includes(SERVER_AUTH) ? 'sslserver' : 'any',
];
