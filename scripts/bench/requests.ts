// Certification requests of P-256 keys by the thousand, made in this process: one openssl process each would take hours.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** DER: tag, length, content. */
export function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
export const attribute = (type: string, text: string): Buffer =>
  tlv(0x31, tlv(0x30, oid(type), tlv(0x0c, Buffer.from(text))));

/** PKCS #9: extensionRequest. */
const EXTENSION_REQUEST = '2a864886f70d01090e';

/** A request (PEM) for `O=Maker, CN=device N` with the name `URI:UUID:N`, as devices make them. */
export function makeRequest(number: number, attributeType = EXTENSION_REQUEST): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = tlv(0x30, attribute('55040a', 'Maker'), attribute('550403', `device ${number}`));
  const names = tlv(0x30, oid('551d11'), tlv(0x04, tlv(0x30, tlv(0x86, Buffer.from(`UUID:${number}`)))));
  const extensions = tlv(0xa0, tlv(0x30, oid(attributeType), tlv(0x31, tlv(0x30, names))));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return signRequest([tlv(0x02, Buffer.from([0])), subject, spki, extensions], privateKey);
}

/** Version, subject, key and attributes (DER), signed by an EC key: a request (PEM). */
export function signRequest(parts: readonly Buffer[], privateKey: KeyObject): string {
  const info = tlv(0x30, ...parts);
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', info, privateKey));
  const der = tlv(0x30, info, tlv(0x30, oid('2a8648ce3d040302')), signature);
  const body = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${body}-----END CERTIFICATE REQUEST-----\n`;
}

/** Writes `count` of them into a new folder: `d000000.csr` and so on. */
export function writeRequests(folder: string, count: number, first = 0): void {
  mkdirSync(folder, { recursive: true });
  for (let i = first; i < first + count; i++)
    writeFileSync(join(folder, `d${String(i).padStart(6, '0')}.csr`), makeRequest(i));
}
