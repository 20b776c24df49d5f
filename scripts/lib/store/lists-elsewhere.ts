// Lists of CAs whose keys are elsewhere, as they were put into a directory: what was revoked there holds here, too.
import type { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { serialOf } from './database-rows.ts';
import { certificateKey, keyAlgorithmOf } from './der.ts';
import { elementsOf, firstElement } from './der-element.ts';
import { type CertificateFile, readCertificateFile } from './directory.ts';
import { crlFile, keyFile } from './names.ts';
import { isForged } from './request-signature.ts';
import { hasIssued, retiredCertificates } from './retired.ts';
import { publishedList, type RevocationList } from './revocation-list.ts';

export interface ListElsewhere {
  readonly ca: CertificateFile;
  readonly file: string;
  readonly list: RevocationList;
}

/** Those whose signatures are by their CAs. */
export function listsElsewhere(path: string): ListElsewhere[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = new Set(readdirSync(path));
  const stems = [...names].filter(file => file.endsWith('.crl')).map(file => file.slice(0, -'.crl'.length));
  return stems.flatMap(stem => {
    const ca = names.has(keyFile(stem)) ? undefined : readCertificateFile(path, `${stem}.cert`);
    const list = ca && publishedList(path, ca);
    const isProven = list && [ca.certificate, ...retiredCertificates(path, stem)].some(each => isSigned(list, each));
    return isProven ? [{ ca, file: crlFile(stem), list }] : [];
  });
}

/** RFC 5280 5.1.1: what is signed, the algorithm, and the signature in a BIT STRING without unused bits. */
function isSigned({ der }: RevocationList, { raw }: X509Certificate): boolean {
  try {
    const [info, algorithm, bits] = elementsOf(firstElement(der));
    const spki = certificateKey(raw);
    return !isForged({
      ...{ spki, algorithm: [keyAlgorithmOf(spki)], info: info!.whole },
      ...{ signatureAlgorithm: algorithm!.whole, signature: bits!.content.subarray(1) },
    });
  } catch {
    return false;
  }
}

/** RFC 5280 5.3.1, as far as it matters here; undefined: a certificate is not on a list. */
export function reasonOn(
  path: string,
  { ca, list }: ListElsewhere,
  certificate: X509Certificate,
): 'unspecified' | 'certificateHold' | undefined {
  const isForEver = list.revoked.get(serialOf(certificate.serialNumber));
  if (isForEver === undefined || !hasIssued(path, ca, certificate)) return undefined;
  return isForEver ? 'unspecified' : 'certificateHold';
}
