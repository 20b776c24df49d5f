// Serial numbers of the certificates that will be made.
import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { problemOf } from '../model/hierarchy.ts';
import type { Entity } from '../model/types.ts';
import { parseCertificate } from '../store/certificate.ts';
import { firstCertificate } from '../store/files.ts';
import { readInput } from '../store/input-file.ts';
import { systemReason } from '../system-error.ts';

/** Random, or that of the certificate that was made elsewhere. */
export function serialFor(entity: Entity): string {
  const { supplied, serialOctets } = entity;
  if (!supplied) return randomSerial(serialOctets);
  const told = <T>(key: string, path: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === undefined ? message.split('\n')[0] : `"${path}": ${systemReason(code)}`;
      throw new ConfigError([problemOf(entity, '', key, `a file in PEM that can be read (${reason})`)]);
    }
  };
  const { key, certificate } = supplied;
  if (key !== undefined) told('key-file', key, () => readInput(key));
  return told('certificate-file', certificate, () => parseCertificate(firstCertificate(certificate)).serialNumber);
}

/** Random, positive, of exactly so many octets (at most 20: RFC 5280 4.1.2.2), never with a leading zero. */
export function randomSerial(octets: number): string {
  const bytes = randomBytes(octets);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}
