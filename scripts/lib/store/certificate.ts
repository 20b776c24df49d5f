// PEM blocks into certificates, each parsed once: the same few are looked at by index, checks and manifest.
import { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '../model/pem.ts';

const parsed = new Map<string, X509Certificate>();

/** The certificate of a PEM block. Throws where it is none. */
export function parseCertificate(block: string): X509Certificate {
  const certificate = parsed.get(block) ?? new X509Certificate(block);
  // Whoever uses this as a library may never end.
  if (parsed.size > 10_000) parsed.clear();
  parsed.set(block, certificate);
  return certificate;
}

/** The certificates of PEM blocks; undefined where one of them holds none. */
export function parseCertificates(blocks: readonly string[]): X509Certificate[] | undefined {
  try {
    return blocks.map(parseCertificate);
  } catch {
    return undefined;
  }
}

/** The first certificate of a file's bytes, in PEM or DER; undefined where they hold none. */
export function certificateIn(bytes: Buffer): X509Certificate | undefined {
  // What begins as DER is not searched for text: it may hold anything.
  const content = bytes[0] === 0x30 ? bytes : certificateBlocks(bytes.toString('latin1'))[0];
  try {
    return content === undefined ? undefined : new X509Certificate(content);
  } catch {
    return undefined;
  }
}
