// Requests made octet by octet, as openssl would not make them.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { attribute, oid, signRequest, tlv } from '../../scripts/bench/requests.ts';

export { attribute, oid, tlv };

export const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });
export const commonName = (text: string): Buffer => attribute('550403', text);
/** An attribute of a name whose value (DER) is of another type than UTF8String. */
export const otherValue = (type: string, value: Buffer): Buffer => tlv(0x31, tlv(0x30, oid(type), value));
/** An extension; `critical` as it is written. */
export const extension = (id: string, value: Buffer, critical = Buffer.alloc(0)): Buffer =>
  tlv(0x30, oid(id), critical, tlv(0x04, value));
/** subjectAltName of a host. */
export const host = (name: string): Buffer => extension('551d11', tlv(0x30, tlv(0x82, Buffer.from(name))));
/** An attribute that asks for extensions: each element of `lists` is one value. */
export const asking = (...lists: readonly (readonly Buffer[])[]): Buffer =>
  tlv(0x30, oid('2a864886f70d01090e'), tlv(0x31, ...lists.map(list => tlv(0x30, ...list))));

/** A request (PEM) of a P-256 key; what is given stands in the place of what is usual. */
export function oddRequest(given: {
  readonly version?: number;
  readonly subject?: readonly Buffer[];
  readonly spki?: (usual: Buffer) => Buffer;
  readonly attributes?: readonly Buffer[];
}): string {
  const { version = 0, subject = [commonName('odd')], spki = usual => usual, attributes = [] } = given;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const parts = [tlv(0x02, Buffer.from([version])), tlv(0x30, ...subject), spki(spkiOf(publicKey))];
  return signRequest([...parts, tlv(0xa0, ...attributes)], privateKey);
}
