// Lists of CAs whose keys are elsewhere, as they were put into a directory: what was revoked there holds here, too.
import type { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { serialOf } from './database-rows.ts';
import { type CertificateFile, readCertificateFile } from './directory.ts';
import { isListSignedBy } from './list-signature.ts';
import { crlFile, keyFile } from './names.ts';
import { hasIssued, retiredCertificates } from './retired.ts';
import { publishedList, type RevocationList } from './revocation-list.ts';

export interface ListElsewhere {
  readonly ca: CertificateFile;
  readonly file: string;
  readonly list: RevocationList;
}

/** Those whose signatures are by their CAs, or by keys that node does not know: too much revoked is better than too little. */
export function listsElsewhere(path: string): ListElsewhere[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = new Set(readdirSync(path));
  const stems = [...names].filter(file => file.endsWith('.crl')).map(file => file.slice(0, -'.crl'.length));
  return stems.flatMap(stem => {
    const ca = names.has(keyFile(stem)) ? undefined : readCertificateFile(path, `${stem}.cert`);
    const list = ca && publishedList(path, ca);
    const signers = ca ? [ca.certificate, ...retiredCertificates(path, stem)] : [];
    return ca && list && signers.some(each => isListSignedBy(list, each) !== false)
      ? [{ ca, file: crlFile(stem), list }]
      : [];
  });
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
