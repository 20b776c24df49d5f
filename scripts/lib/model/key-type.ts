// A key type as it is typed (`rsa:4096`, `ec:secp384r1`, `ed25519`) into a KeyType, and back.
// Whether the installed openssl knows the curve or algorithm is asked elsewhere.
import { UsageError } from '../errors.ts';
import type { KeyType } from './types.ts';

/** NIST SP 800-131A and the CA/Browser Forum draw the line here; below it only --force-weak makes keys. */
export const LEAST_RSA_BITS = 2048;
export const LEAST_EC_BITS = 224;
/** openssl's own limits (OPENSSL_RSA_MAX_MODULUS_BITS; RSA_MIN_MODULUS_BITS). */
const RSA_RANGE = [512, 16384] as const;

export const KEY_TYPE_HINT = 'give rsa:BITS (rsa:4096), ec:CURVE (ec:secp384r1), or an algorithm such as ed25519';

/** Parses a key type. Throws a UsageError that names the value. */
export function parseKeyType(text: string): KeyType {
  const [word = '', ...rest] = text.split(':');
  const parameter = rest.length === 0 ? undefined : rest.join(':');
  const kind = word.toLowerCase();
  if (kind === 'rsa') return { kind: 'rsa', bits: parseBits(text, parameter ?? '4096') };
  if (kind === 'ec' && parameter !== undefined && /^[A-Za-z0-9-]+$/.test(parameter))
    return { kind: 'ec', curve: parameter };
  if (parameter !== undefined || kind === 'ec' || !/^[A-Za-z][A-Za-z0-9-]*$/.test(word))
    throw new UsageError(`unknown key type "${text}"`, KEY_TYPE_HINT);
  // openssl takes any case; two spellings would be two key types.
  return { kind: 'other', algorithm: kind };
}

function parseBits(text: string, digits: string): number {
  const bits = /^[0-9]{1,6}$/.test(digits) ? Number(digits) : Number.NaN;
  const [least, most] = RSA_RANGE;
  if (!(bits >= least && bits <= most))
    throw new UsageError(
      `unknown RSA key size in "${text}"`,
      `give a number of bits from ${LEAST_RSA_BITS} to ${most}, such as rsa:4096`,
    );
  return bits;
}

/** What allows a weak key, where the verb can be forced at all. */
export const forceHint = (isForced: boolean | undefined): string =>
  isForced === undefined ? '' : ', or --force-weak for a test that needs weak keys';

/** Refuses RSA keys below 2048 bits, unless they are forced; undefined: nothing forces them. */
export function refuseWeakRsa(keyType: KeyType, isForced: boolean | undefined): void {
  if (keyType.kind === 'rsa' && keyType.bits < LEAST_RSA_BITS && !isForced)
    throw new UsageError(
      `RSA keys of ${keyType.bits} bits are too weak: at least ${LEAST_RSA_BITS} are asked for`,
      `give rsa:${LEAST_RSA_BITS} or more${forceHint(isForced)}`,
    );
}

export function formatKeyType(keyType: KeyType): string {
  if (keyType.kind === 'rsa') return `rsa:${keyType.bits}`;
  return keyType.kind === 'ec' ? `ec:${keyType.curve}` : keyType.algorithm;
}

const ALIASES: Readonly<Record<string, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

/** The same in the one spelling that openssl has for what it reads. */
export const canonicalKeyType = (keyType: KeyType): string =>
  formatKeyType(keyType.kind === 'ec' ? { kind: 'ec', curve: ALIASES[keyType.curve] ?? keyType.curve } : keyType);

/** Whether every OpenSSL 3 has it, so that there is no need to ask. */
export const isWellKnown = (keyType: KeyType): boolean =>
  /^(rsa:.*|ec:(prime256v1|secp384r1|secp521r1|P-256|P-384|P-521)|ed(25519|448))$/.test(formatKeyType(keyType));
