// Certificates whose place others took: `.pki/retired/STEM/SERIAL.pem`.
import type { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseCertificate } from './certificate.ts';
import { readContained } from './contained-file.ts';
import type { CertificateFile } from './directory.ts';
import { syncPath, writeNew } from './files.ts';
import { isIssuedBy } from './issuer.ts';
import { RETIRED, retiredFile } from './names.ts';

export const isRetired = (path: string, serial: string): boolean =>
  existsSync(join(path, RETIRED)) &&
  readdirSync(join(path, RETIRED)).some(stem => existsSync(join(path, retiredFile(stem, serial, 'pem'))));

/** Keeps a certificate (PEM); relative path. */
export function retire(path: string, stem: string, serial: string, certificate: string): string {
  const file = retiredFile(stem, serial, 'pem');
  mkdirSync(dirname(join(path, file)), { recursive: true });
  if (!existsSync(join(path, file))) writeNew(join(path, file), certificate);
  syncPath(dirname(join(path, file)));
  return file;
}

/** Those of one stem that can be read; `verify` tells of the others. */
export function retiredCertificates(path: string, stem: string): X509Certificate[] {
  const folder = `${RETIRED}/${stem}`;
  if (!existsSync(join(path, folder))) return [];
  const files = readdirSync(join(path, folder)).filter(name => name.endsWith('.pem'));
  return files.flatMap(name => {
    try {
      return [parseCertificate(readContained(path, `${folder}/${name}`).toString('latin1'))];
    } catch {
      return [];
    }
  });
}

/** Whether a CA issued a certificate, by the certificate that the CA has now or by one that it had before. */
export const hasIssued = (path: string, ca: CertificateFile, certificate: X509Certificate): boolean =>
  isIssuedBy(certificate, ca.certificate) ||
  (certificate.issuer === ca.certificate.subject &&
    retiredCertificates(path, ca.stem).some(former => isIssuedBy(certificate, former)));
