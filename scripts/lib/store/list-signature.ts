// Whether a key signed a revocation list.
import type { X509Certificate } from 'node:crypto';
import { certificateKey, keyAlgorithmOf } from './der.ts';
import { elementsOf, firstElement } from './der-element.ts';
import { isForged, readKey } from './request-signature.ts';
import type { RevocationList } from './revocation-list.ts';

/**
 * Whether the key of a certificate did (RFC 5280 5.1.1: what is signed, the algorithm, and the signature in a BIT STRING
 * without unused bits); undefined: node does not know the key's algorithm.
 */
export function isListSignedBy({ der }: RevocationList, { raw }: X509Certificate): boolean | undefined {
  try {
    const spki = certificateKey(raw);
    if (!readKey(spki)) return undefined;
    const [info, algorithm, bits] = elementsOf(firstElement(der));
    return !isForged({
      ...{ spki, algorithm: [keyAlgorithmOf(spki)], info: info!.whole },
      ...{ signatureAlgorithm: algorithm!.whole, signature: bits!.content.subarray(1) },
    });
  } catch {
    return false;
  }
}
