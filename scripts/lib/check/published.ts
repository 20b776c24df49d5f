// Does a revoked certificate still lie in the directory, by itself or in the chain of another?
import type { X509Certificate } from 'node:crypto';
import { serialOf } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { listsElsewhere } from '../store/lists-elsewhere.ts';
import { hasIssued } from '../store/retired.ts';
import { error, type Finding } from './finding.ts';

export interface Published {
  readonly file: string;
  readonly certificate: X509Certificate;
  /** Whether it stands in the chain of the file. */
  readonly isAbove: boolean;
}

/** Those of files, and of their chains what has no file of its own: CAs had it before. */
export function publishedIn(files: readonly CertificateFile[]): Published[] {
  const own = new Set(files.map(({ certificate }) => certificate.fingerprint256));
  return files.flatMap(({ file, certificate, chain }) => [
    { file, certificate, isAbove: false },
    ...chain
      .filter(({ fingerprint256 }) => !own.has(fingerprint256))
      .map(former => ({ file, certificate: former, isAbove: true })),
  ]);
}

/** `published`: what names the CA as its issuer. */
export const checkRevoked = (
  published: readonly Published[],
  path: string,
  ca: CertificateFile,
  /** That says so. */
  index: string,
  isRevoked: (serial: string) => boolean,
): Finding[] =>
  published
    .filter(({ certificate }) => isRevoked(serialOf(certificate.serialNumber)))
    .filter(({ certificate }) => hasIssued(path, ca, certificate))
    .map(({ file, isAbove }) =>
      isAbove
        ? finding(file, `a certificate of its chain is revoked in "${index}"`, 'renew it, or sign-csr --again')
        : finding(file, `it is revoked in "${index}", and still there`, 'replace it, or move it away'),
    );

/** Those that are revoked by the lists of CAs whose keys are elsewhere. `published` is by the name of the issuer. */
export const checkListed = (published: ReadonlyMap<string, readonly Published[]>, path: string): Finding[] =>
  listsElsewhere(path).flatMap(({ ca, file, list }) =>
    checkRevoked(published.get(ca.certificate.subject) ?? [], path, ca, file, serial => list.revoked.has(serial)),
  );

const finding = (file: string, message: string, hint: string) => error('revoked-published', file, message, hint);
