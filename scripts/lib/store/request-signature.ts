// Whether a certification request is signed by its own key: the proof that whoever made it has the private key.
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { RsaSaPssParams } from '@peculiar/asn1-rsa';
import { AsnParser } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { HASH_NAMES, OWN_DIGEST_NAMES, RSASSA_PSS, SIGNATURE_NAMES } from './oid-names.ts';

/** What is signed, by whom, and the signature: DER, the last one its octets. */
export interface Signed {
  readonly info: Buffer;
  readonly spki: Buffer;
  /** Algorithm of the key and its parameters, as OIDs; what is none: undefined. */
  readonly algorithm: readonly (string | undefined)[];
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

/** undefined: node does not know its algorithm, or it is broken. */
export function readKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Whether its signature is known not to be by its own key. */
export function isForged({ algorithm: [algorithm = ''], spki, info, signatureAlgorithm, signature }: Signed): boolean {
  const key = readKey(spki);
  if (!key) return !(algorithm in OWN_DIGEST_NAMES);
  try {
    const { digest, options } = signatureOf(AsnParser.parse(signatureAlgorithm, AlgorithmIdentifier));
    return !verify(digest, info, { key, ...options }, signature);
  } catch {
    return true;
  }
}

/** Node's words for a signature algorithm; digest null: the algorithm brings its own. */
function signatureOf({ algorithm, parameters }: AlgorithmIdentifier): { digest: string | null; options: object } {
  if (algorithm === RSASSA_PSS) {
    const { hashAlgorithm, saltLength } = AsnParser.parse(parameters!, RsaSaPssParams);
    const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    return { digest: HASH_NAMES[hashAlgorithm.algorithm] ?? 'unknown', options };
  }
  const name = SIGNATURE_NAMES[algorithm];
  if (name === undefined) throw new RangeError('an unknown algorithm');
  const [digest = '', kind] = name.split(' ');
  return { digest: kind === undefined ? null : digest, options: {} };
}
