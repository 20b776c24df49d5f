// What EDK2 takes of an update: one entry that it does not know, and it refuses the whole update.
// Source: CheckSignatureListFormat of EDK2's SecurityPkg/Library/AuthVariableLib/AuthService.c (edk2-stable202211).
import { StateError } from '../errors.ts';
import { SIGNATURE_TYPES, type Signature, X509_GUID, X509_SHA256_GUID } from '../model/signature-list.ts';
import { certificateIn } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { certificateHash } from '../store/signature-digest.ts';

/** Whether EDK2 refuses every update with an entry: of a type or length that it does not know, or an X.509 one without an RSA key. */
export function isRefusedByEdk2(entry: Signature): boolean {
  const known = SIGNATURE_TYPES[entry.type];
  return !known || lengthFlaw(entry) !== undefined || (entry.type === X509_GUID && !hasRsaKey(entry.data));
}

function hasRsaKey(data: Buffer): boolean {
  const certificate = certificateIn(data);
  if (!certificate) return false;
  const { keyType, isPssKey } = describeCertificate(certificate.raw);
  return keyType.startsWith('rsa:') && !isPssKey;
}

/** That an entry has not the length of its type; undefined: it has. */
export function lengthFlaw({ type, data }: Signature): string | undefined {
  const { name, length = data.length } = SIGNATURE_TYPES[type] ?? {};
  return data.length === length ? undefined : `an entry of type ${name} has ${data.length} bytes, and not ${length}`;
}

/** Throws where an entry has not the length of its type. */
export function refuseLengths(entries: readonly Signature[]): void {
  for (const each of entries) {
    const flaw = lengthFlaw(each);
    if (flaw !== undefined)
      throw new StateError(`${flaw}: firmware refuses the whole update with it`, 'give a file without that entry');
  }
}

/** An entry of dbx as EDK2 takes it: a certificate without an RSA key as the hash of its signed part, revoked at all times. */
export function entryForDbx(entry: Signature): Signature {
  const { type, owner, data } = entry;
  if (type !== X509_GUID || !certificateIn(data) || hasRsaKey(data)) return entry;
  return { type: X509_SHA256_GUID, owner, data: Buffer.concat([certificateHash(data, 'sha256'), Buffer.alloc(16)]) };
}
