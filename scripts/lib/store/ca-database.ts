// The text database of `openssl ca`: its rows are made here from certificates, as openssl writes them.
import { parseCertificate } from './certificate.ts';

/**
 * One row of index.txt for a valid certificate: status, expiry (UTCTime, from 2050 on GeneralizedTime), revocation
 * date, serial, file name, subject, separated by tabs. Source: openssl-ca(1) and apps/ca.c of OpenSSL 3.0.
 */
export function indexRow(certificate: string): string {
  const { validTo, serialNumber, subject } = parseCertificate(certificate);
  return `V\t${asn1Time(new Date(validTo))}\t\t${serialNumber}\tunknown\t${oneLineName(subject)}\n`;
}

/** RFC 5280 4.1.2.5: two digits of the year through 2049, four from then on. */
export function asn1Time(time: Date): string {
  const digits = time
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, '');
  return `${time.getUTCFullYear() < 2050 ? digits.slice(2) : digits}Z`;
}

/** Node's `C=DE\nCN=x + UID=y` as X509_NAME_oneline's `/C=DE/CN=x+UID=y`, bytes beyond ASCII as \xHH. */
function oneLineName(subject: string): string {
  return subject
    .split('\n')
    .map(name => `/${name.split(' + ').map(oneLineValue).join('+')}`)
    .join('')
    .replace(/[^\x20-\x7e]/gu, char =>
      [...Buffer.from(char)].map(byte => `\\x${byte.toString(16).toUpperCase()}`).join(''),
    );
}

/** Node escapes as RFC 2253 does; openssl marks what parts attributes. */
const oneLineValue = (attribute: string): string => attribute.replace(/\\(.)/g, '$1').replace(/[/+]/g, '\\$&');
