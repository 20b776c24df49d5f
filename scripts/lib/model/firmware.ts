// What UEFI firmware takes: kinds of keys, kinds of entries, sizes of variables. What some does not take is a warning
// that names which.
import { SIGNATURE_TYPES } from './signature-list.ts';
import type { KeyType } from './types.ts';

/**
 * Whose firmware cannot use a key in PK, KEK or db, which is shown to people as `shown`; undefined: all can. UEFI 2.10,
 * 32.4: RSA-2048 is what every one has.
 */
export function warningOfKey(keyType: KeyType, isPss: boolean, shown: string): string | undefined {
  if (!isPss && keyType.kind === 'ec')
    return `not every UEFI firmware can use its ${shown} key: few verify EC signatures, UEFI 2.10 (32.4) asks for RSA-2048`;
  if (!isPss && keyType.kind === 'rsa' && keyType.bits > 4096)
    return `not every UEFI firmware can use its ${shown} key: some know RSA up to 4096 bits alone`;
  const reason = refusalOf(keyType, isPss);
  return reason === undefined ? undefined : `UEFI firmware cannot use its ${shown} key: ${reason}`;
}

function refusalOf(keyType: KeyType, isPss: boolean): string | undefined {
  if (isPss) return 'it knows no RSA-PSS keys';
  return keyType.kind === 'rsa' ? undefined : 'it knows RSA';
}

/** PcdMaxAuthVariableSize as EDK2's platforms set it: the most that an update may have, in bytes. */
const LIMITS: readonly (readonly [bytes: number, firmware: string])[] = [
  [0x8400, 'OVMF of 4 MB, and boards that follow it'],
  [0x2800, 'OVMF of 1 and 2 MB, and boards that keep the value of ArmVirtPkg and most of edk2-platforms'],
];

/** Whose firmware refuses an update of so many bytes. */
export function warningOfSize(bytes: number): string | undefined {
  const [limit, firmware] = LIMITS.find(([most]) => bytes > most) ?? [];
  return limit === undefined
    ? undefined
    : `its ${bytes} bytes are more than the ${limit} that EDK2 takes (PcdMaxAuthVariableSize) in ${firmware}`;
}

/** EDK2 compares images by these alone (DxeImageVerificationLib); old firmware knows SHA-256 alone. */
const COMMON_TYPES = /^(X\.509|SHA-256)$/;

/** Whose firmware does not know a type of entry. */
export function warningOfType(type: string): string | undefined {
  const name = SIGNATURE_TYPES[type]?.name;
  if (name === undefined) return `entries of type ${type} are known to no firmware of EDK2`;
  if (COMMON_TYPES.test(name)) return undefined;
  return name.startsWith('X.509')
    ? `entries of type ${name} came with UEFI 2.4: older firmware passes over them`
    : `entries of type ${name} are known to some firmware alone: X.509 and SHA-256 are what all have`;
}
