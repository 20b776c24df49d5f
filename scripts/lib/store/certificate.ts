// PEM blocks into certificates, each parsed once: the same few are looked at by index, checks and manifest.
import { X509Certificate } from 'node:crypto';
import { certificateBlocks, derToPem, pemToDer } from '../model/pem.ts';

/** What begins as DER is not searched for text: it may hold anything. Node would take a PEM block in an extension. */
const parseDer = (der: Buffer): X509Certificate =>
  new X509Certificate(der.includes('-----BEGIN ') ? derToPem('CERTIFICATE', der) : der);

const DER_SEQUENCE = 0x30;

const parsed = new Map<string, X509Certificate>();

/** The certificate of a PEM block. Throws where it is none, or more than one. */
export function parseCertificate(block: string): X509Certificate {
  const certificate = parsed.get(block) ?? new X509Certificate(block);
  // openssl takes what follows in the block for trust settings.
  if (!parsed.has(block) && !certificate.raw.equals(pemToDer(block)))
    throw new RangeError('its DER is not that of one certificate');
  // Whoever uses this as a library may never end.
  if (parsed.size > 10_000) parsed.clear();
  parsed.set(block, certificate);
  return certificate;
}

/** The certificates of a text, in order; undefined where one of them cannot be read. */
export function parseCertificates(text: string): X509Certificate[] | undefined {
  try {
    return certificateBlocks(text).map(parseCertificate);
  } catch {
    return undefined;
  }
}

/** The first certificate of a file's bytes, in PEM or DER; undefined where they hold none. */
export function certificateIn(bytes: Buffer): X509Certificate | undefined {
  try {
    if (bytes[0] === DER_SEQUENCE) return parseDer(bytes);
    const [block] = certificateBlocks(bytes.toString('latin1'));
    return block === undefined ? undefined : parseCertificate(block);
  } catch {
    return undefined;
  }
}
