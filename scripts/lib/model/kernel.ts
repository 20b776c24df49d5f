// Which keys Linux verifies signatures with, of modules and for IMA.

/** What it knows, in words. */
export const KERNEL_KEYS = 'RSA, P-256 or P-384';

/**
 * Why no Linux can use a key; undefined: some can. `keyType` is `rsa:4096` or `ec:prime256v1`, with openssl's names of
 * curves. crypto/asymmetric_keys and crypto/ecdsa.c of Linux 6: RSA with PKCS #1 v1.5, ECDSA on P-256 and P-384.
 */
export function refusalOfKernel(keyType: string, isPss: boolean): string | undefined {
  if (isPss) return 'it knows no RSA-PSS keys';
  return /^(rsa:.*|ec:(prime256v1|secp384r1|secp521r1))$/.test(keyType)
    ? undefined
    : 'it knows RSA, and EC on P-256 and P-384';
}

/** Which Linux cannot use a key that others can; undefined: all can. */
export const warningOfKernel = (keyType: string): string | undefined =>
  keyType === 'ec:secp521r1' ? 'Linux knows EC on P-521 since 6.10 alone' : undefined;
