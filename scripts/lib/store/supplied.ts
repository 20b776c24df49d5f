// A certificate that was made elsewhere, as the model takes it.
import type { X509Certificate } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { parseKeyType } from '../model/key-type.ts';
import type { KeyFacts, SuppliedFacts } from '../model/supplied.ts';
import { certificateIn } from './certificate.ts';
import { type CertificateFacts, describeCertificate } from './certificate-facts.ts';
import { readInput } from './input-file.ts';

/** undefined where there is none: `generate` says so where it needs it. */
export function readSuppliedFacts(path: string): SuppliedFacts | undefined {
  const certificate = certificateAt(path);
  if (!certificate) return undefined;
  const facts = describeCertificate(certificate.raw);
  const { notBefore, notAfter } = facts;
  return { key: keyOf(facts), notBefore, notAfter };
}

/** The first certificate of a file; undefined where there is none. */
export function certificateAt(path: string): X509Certificate | undefined {
  try {
    return certificateIn(readInput(path));
  } catch {
    return undefined;
  }
}

function keyOf({ keyType, isPssKey }: CertificateFacts): KeyFacts | undefined {
  try {
    return { keyType: parseKeyType(keyType), isPssKey };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return undefined;
  }
}
