// Whether a public key is written in the one way that its algorithm has. Keys are told apart by the SHA-256 of their
// subjectPublicKeyInfo: one that openssl reads in another encoding, too, would pass for a new one.
import { children, contentOf, decode, type Node, oidOf, SEQUENCE } from './der.ts';
import { EC_KEY, OWN_DIGEST_NAMES, RSA_KEY } from './oid-names.ts';
import { readKey } from './request-signature.ts';
import { unlikeDer } from './strict-der.ts';

/** A subjectPublicKeyInfo that is in DER. */
export interface EncodedKey {
  readonly spki: Buffer;
  /** Its algorithm, and the parameters of that. */
  readonly identifier: readonly Node[];
  /** The key itself. */
  readonly key: Buffer;
}

/** Universal tags. */
const [INTEGER, NULL] = [2, 5];

/** True also for what node cannot read: it is not signed anyway. What takes long, to write the key again, others need alone. */
export function isUsualEncoding({ spki, identifier: [type, parameters, ...more], key }: EncodedKey): boolean {
  const algorithm = oidOf(type) ?? '';
  if (more.length > 0) return false;
  if (algorithm === EC_KEY) return true; // openssl takes no octet more or less, and the policy one form of the point
  if (algorithm in OWN_DIGEST_NAMES) return parameters === undefined; // RFC 8410, RFC 9881, RFC 9909
  if (algorithm === RSA_KEY) return parameters?.type === NULL && isRsaKey(key); // RFC 3279, 2.3.1
  const written = readKey(spki)?.export({ format: 'der', type: 'spki' });
  return !written || written.equals(spki);
}

/** RFC 8017, A.1.1: modulus and exponent. openssl takes what would be a number below zero for one that is not. */
function isRsaKey(key: Buffer): boolean {
  if (unlikeDer(key) !== undefined) return false;
  const numbers = children(decode(key), SEQUENCE);
  return numbers.length === 2 && numbers.every(each => each.type === INTEGER && contentOf(each)[0]! < 0x80);
}
