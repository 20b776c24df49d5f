// Certificates whose place others took: `.pki/retired/STEM/SERIAL.pem`.
import type { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { certificateIn } from './certificate.ts';
import { readContained } from './contained-file.ts';
import { serialOf } from './database-rows.ts';
import { certificateKey, keyDigest } from './der.ts';
import type { CertificateFile } from './directory.ts';
import { ifThere, syncPath } from './files.ts';
import { isIssuedBy } from './issuer.ts';
import { HIDDEN, RETIRED, retiredFile } from './names.ts';
import { replaceFile } from './replace-file.ts';

export const isRetired = (path: string, serial: string): boolean =>
  existsSync(join(path, RETIRED)) &&
  readdirSync(join(path, RETIRED)).some(stem => existsSync(join(path, retiredFile(stem, serial, 'pem'))));

/** Keeps a certificate (PEM), synced: what takes its place comes after. One that a power cut tore is replaced. Relative path. */
export function retire(path: string, stem: string, serial: string, certificate: string): string {
  const file = retiredFile(stem, serial, 'pem');
  if (mkdirSync(dirname(join(path, file)), { recursive: true }) !== undefined)
    for (const folder of [RETIRED, HIDDEN]) syncPath(join(path, folder));
  replaceFile(join(path, file), certificate);
  return file;
}

/** Those of one stem that can be read; `verify` tells of the others. */
export const retiredCertificates = (path: string, stem: string): X509Certificate[] =>
  keptFiles(path, stem, 'pem').flatMap(file => certificateOf(path, file) ?? []);

/** What is kept of one stem under one serial number. */
export interface Kept {
  readonly serial: string;
  /** Paths inside the directory; undefined: it is not there. */
  readonly file: string | undefined;
  readonly key: string | undefined;
  /** undefined: none that can be read and has this serial number. */
  readonly certificate: X509Certificate | undefined;
}

export function keptOf(path: string, stem: string): Kept[] {
  const [files, keys] = [keptFiles(path, stem, 'pem'), keptFiles(path, stem, 'key')];
  const serials = new Set([...files, ...keys].map(file => basename(file).replace(/\.\w+$/, '')));
  return [...serials].map(serial => {
    const file = files.find(each => each === retiredFile(stem, serial, 'pem'));
    const found = file === undefined ? undefined : certificateOf(path, file);
    return {
      serial,
      file,
      key: keys.find(each => each === retiredFile(stem, serial, 'key')),
      certificate: found && serialOf(found.serialNumber) === serialOf(serial) ? found : undefined,
    };
  });
}

const keptFiles = (path: string, stem: string, extension: 'pem' | 'key'): string[] =>
  (ifThere(() => readdirSync(join(path, RETIRED, stem))) ?? [])
    .filter(name => name.endsWith(`.${extension}`))
    .map(name => `${RETIRED}/${stem}/${name}`);

function certificateOf(path: string, file: string): X509Certificate | undefined {
  try {
    return certificateIn(readContained(path, file));
  } catch {
    return undefined;
  }
}

/** A key that a CA had before, by the serial number of the last certificate of it. */
export interface FormerKey {
  readonly serial: string;
  readonly certificate: X509Certificate;
  /** Paths inside the directory; of the key undefined where it is not kept there. */
  readonly file: string;
  readonly key: string | undefined;
}

/** Those of which a certificate is still valid: there may be certificates below that people use. */
export function formerKeys(path: string, { stem, certificate }: CertificateFile, now: Date): FormerKey[] {
  const digestOf = ({ raw }: X509Certificate) => keyDigest(certificateKey(raw));
  const found = new Map<string, FormerKey>();
  const byEnd = retiredCertificates(path, stem).sort((a, b) => Date.parse(a.validTo) - Date.parse(b.validTo));
  for (const former of byEnd) {
    if (Date.parse(former.validTo) <= now.getTime()) continue;
    const serial = serialOf(former.serialNumber);
    const key = retiredFile(stem, serial, 'key');
    const isKept = existsSync(join(path, key));
    // What was renewed before the key changed has certificates without a key beside them.
    if (isKept || found.get(digestOf(former))?.key === undefined)
      found.set(digestOf(former), {
        serial,
        certificate: former,
        file: retiredFile(stem, serial, 'pem'),
        key: isKept ? key : undefined,
      });
  }
  found.delete(digestOf(certificate));
  return [...found.values()];
}

/** Whether a CA issued a certificate, by the certificate that the CA has now or by one that it had before. */
export const hasIssued = (path: string, ca: CertificateFile, certificate: X509Certificate): boolean =>
  isIssuedBy(certificate, ca.certificate) ||
  (certificate.issuer === ca.certificate.subject &&
    retiredCertificates(path, ca.stem).some(former => isIssuedBy(certificate, former)));
