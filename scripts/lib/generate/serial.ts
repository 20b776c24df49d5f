// Serial numbers of the certificates that will be made.
import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { problemOf } from '../model/hierarchy.ts';
import { certificateBlocks } from '../model/pem.ts';
import type { Entity } from '../model/types.ts';
import { parseCertificate } from '../store/certificate.ts';
import { readInput } from '../store/input-file.ts';

/** Random, or that of the certificate that was made elsewhere. */
export function serialFor(entity: Entity): string {
  const { supplied, serialOctets } = entity;
  if (!supplied) return randomSerial(serialOctets);
  const read = <T>(key: string, path: string, use: (text: string) => T): T => {
    try {
      return use(readInput(path).toString('latin1'));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === undefined ? message.split('\n')[0] : `"${path}": ${code}`;
      throw new ConfigError([problemOf(entity, '', key, `a file in PEM that can be read (${reason})`)]);
    }
  };
  if (supplied.key !== undefined) read('key-file', supplied.key, () => {});
  return read('certificate-file', supplied.certificate, text => {
    const [block] = certificateBlocks(text);
    if (block === undefined) throw new RangeError(`"${supplied.certificate}" holds no PEM certificate`);
    return parseCertificate(block).serialNumber;
  });
}

/** Random, positive, of exactly so many octets (at most 20: RFC 5280 4.1.2.2), never with a leading zero. */
export function randomSerial(octets: number): string {
  const bytes = randomBytes(octets);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}
