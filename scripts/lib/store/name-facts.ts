// Distinguished names and general names of a certificate into the words of the ini files.
import type { GeneralName, Name } from '@peculiar/asn1-x509';
import { SHORT_NAMES } from '../model/subject.ts';
import type { Extension } from '../model/types.ts';
import { ATTRIBUTE_NAMES } from './oid-names.ts';

type Attribute = Name[number][number];

/** The attributes of a name in order; "+" begins the name of one that shares its RDN with the one before. */
export const describeName = (name: Name): Extension[] =>
  [...name].flatMap(rdn =>
    [...rdn].map(({ type, value }, i) => ({
      name: `${i > 0 ? '+' : ''}${ATTRIBUTE_NAMES[type] ?? type}`,
      value: attributeText(value),
    })),
  );

/**
 * Relative distinguished names, each as one text by which it is compared: DER writes the attributes of one in another
 * order than a configuration may have, and has no names for their types.
 */
export function relativeNames(attributes: readonly Extension[]): string[] {
  const names: string[][] = [];
  for (const { name, value } of attributes) {
    const type = name.replace('+', '');
    const text = `${ATTRIBUTE_NAMES[type] ?? type}=${value}`;
    if (name.startsWith('+')) names.at(-1)?.push(text);
    else names.push([text]);
  }
  return names.map(name => name.sort().join(' + '));
}

/** Universal tags whose content is ASCII text: NumericString, VisibleString, GeneralString. */
const TEXT_TAGS = [0x12, 0x1a, 0x1b];

function attributeText(value: Attribute['value']): string {
  if (!value.anyValue) return value.toString();
  const der = Buffer.from(value.anyValue);
  return TEXT_TAGS.includes(der[0]!) && der[1]! < 0x80 ? der.subarray(2).toString('latin1') : `#${der.toString('hex')}`;
}

const SHORT_OF = new Map(Object.entries(SHORT_NAMES).map(([short, long]) => [long, short]));

/** A name in one line, `/C=DE/O=Name`, as openssl's x509v3 configuration has it. */
const lineOf = (name: Name): string =>
  describeName(name)
    .map(({ name, value }) => `/${SHORT_OF.get(name) ?? name}=${value}`)
    .join('');

/** otherName with the user principal name of Microsoft. */
const UPN = '1.3.6.1.4.1.311.20.2.3';

/** A comma inside a name is escaped: it must not read as the start of another name. */
const escaped = (text: string): string => text.replace(/[\\,]/g, char => `\\${char}`);

/** `DNS:a`, `IP:1.2.3.4`, ... */
export function describeGeneralName(name: Partial<GeneralName>): string {
  if (name.dNSName !== undefined) return `DNS:${escaped(name.dNSName)}`;
  if (name.iPAddress !== undefined) return `IP:${withMask(name.iPAddress)}`;
  if (name.uniformResourceIdentifier !== undefined) return `URI:${escaped(name.uniformResourceIdentifier)}`;
  if (name.rfc822Name !== undefined) return `email:${escaped(name.rfc822Name)}`;
  if (name.registeredID !== undefined) return `RID:${name.registeredID}`;
  if (name.directoryName) return `dirName:${escaped(lineOf(name.directoryName))}`;
  if (name.otherName) return otherName(name.otherName);
  return name.ediPartyName ? 'ediPartyName:' : 'x400Name:';
}

/** The value follows as UTF8String. */
function otherName({ typeId, value }: NonNullable<GeneralName['otherName']>): string {
  const der = Buffer.from(value);
  const isText = typeId === UPN && der[0] === 0x0c && der[1] === der.length - 2;
  return isText ? `UPN:${escaped(der.subarray(2).toString())}` : `otherName:${typeId}`;
}

/** An address of name constraints, `10.0.0.0/8`, with its mask written out: `10.0.0.0/255.0.0.0`. */
function withMask(address: string): string {
  const [base = '', digits] = address.split('/');
  if (digits === undefined) return address;
  const isIpv6 = base.includes(':');
  const bits = (1n << BigInt(isIpv6 ? 128 : 32)) - 1n;
  const mask = bits ^ (bits >> BigInt(digits));
  const hex = mask.toString(16).padStart(isIpv6 ? 32 : 8, '0');
  if (!isIpv6) return `${base}/${[...Buffer.from(hex, 'hex')].join('.')}`;
  return `${base}/${new URL(`http://[${hex.match(/.{4}/g)!.join(':')}]/`).hostname.slice(1, -1)}`;
}
