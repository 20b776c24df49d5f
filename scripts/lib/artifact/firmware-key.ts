// Can firmware use the key of a certificate? A warning, since no firmware is here to be asked.
import type { X509Certificate } from 'node:crypto';
import { warningOfKey } from '../model/firmware.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { KeyType } from '../model/types.ts';
import { describeCertificate } from '../store/certificate-facts.ts';

/** Names the certificate and whose firmware cannot use it; undefined: all can. */
export function warningOfCertificate(certificate: X509Certificate): string | undefined {
  const { keyType, isPssKey } = describeCertificate(certificate.raw);
  const warning = warningOfKey(parse(keyType), isPssKey, keyType);
  return warning && `${certificate.subject.replaceAll('\n', ', ')}: ${warning}`;
}

/** What is no type of ours is none of firmware's. */
function parse(keyType: string): KeyType {
  try {
    return parseKeyType(keyType);
  } catch {
    return { kind: 'other', algorithm: keyType };
  }
}
