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

/** What follows the warning of an entry of which isRefusedByEdk2 (`secure-boot/edk2.ts`) holds. */
export const REFUSED_BY_EDK2 = 'EDK2 refuses the whole update that holds it';

function refusalOf(keyType: KeyType, isPss: boolean): string | undefined {
  if (isPss) return 'it knows no RSA-PSS keys';
  return keyType.kind === 'rsa' ? undefined : 'it knows RSA';
}

/** PcdMaxAuthVariableSize as EDK2's platforms set it: the most that a variable may have with its name and header, in bytes. */
const LIMITS: readonly (readonly [bytes: number, firmware: string])[] = [
  [0x8400, 'OVMF of 4 MB, and boards that follow it'],
  [0x2800, 'OVMF of 1 and 2 MB, and boards that keep the value of ArmVirtPkg and most of edk2-platforms'],
];

/** AUTHENTICATED_VARIABLE_HEADER, and `dbx` or `KEK` in UCS-2 with its end; PK and db have two bytes less. */
const OVERHEAD = 60 + 8;

/**
 * Whose firmware refuses an update of so many bytes, whose lists have `payload` of them. EDK2 limits the variable; where an
 * update reaches SMM through a buffer (VariableSmmRuntimeDxe), that is as large as the largest variable, and limits all.
 */
export function warningOfSize(update: number, payload: number): string | undefined {
  const [bytes, whole] = [payload + OVERHEAD, update + OVERHEAD];
  const [limit, firmware] = LIMITS.find(([most]) => bytes > most) ?? [];
  if (limit !== undefined)
    return `its ${bytes} bytes are more than the ${limit} that EDK2 takes of lists, name and header (PcdMaxAuthVariableSize) in ${firmware}`;
  const [most] = LIMITS.find(([most]) => whole > most) ?? [];
  return most === undefined
    ? undefined
    : `its ${whole} bytes with the signature are more than the ${most} that EDK2 with SMM takes where no other variable may be larger (PcdMaxVolatileVariableSize)`;
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
