// What lies in a PKI directory, read once: certificates and the names of keys, lists and updates.
import type { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { StateError, UsageError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import { certificateBlocks } from '../model/pem.ts';
import { systemReason } from '../system-error.ts';
import { parseCertificate } from './certificate.ts';
import { readContained } from './contained-file.ts';
import { CLEAR_PK, isFieldUpdate, updateFile } from './names.ts';

/** A `.cert` or `.crt` file: its own certificate first, then what follows it. */
export interface CertificateFile {
  readonly file: string;
  readonly stem: string;
  readonly certificate: X509Certificate;
  readonly chain: readonly X509Certificate[];
}

export interface PkiDirectory {
  readonly path: string;
  readonly certificates: readonly CertificateFile[];
  /** Files that hold PEM certificates by their name but cannot be read as such. */
  readonly unreadable: readonly string[];
  /** Stems with a `.key`, `.esl` and `.auth` file; updates for machines in the field are none of these. */
  readonly keys: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
  readonly updates: ReadonlySet<string>;
}

/** Reads the top level of a PKI directory, whoever made it. */
export function readPkiDirectory(path: string): PkiDirectory {
  const names = readdirSync(path).sort();
  const stems = (extension: string) =>
    names.filter(name => name.endsWith(extension)).map(name => name.slice(0, -extension.length));
  const certificates: CertificateFile[] = [];
  const unreadable: string[] = [];
  for (const file of names.filter(name => /\.(cert|crt)$/.test(name))) {
    const found = readCertificateFile(path, file);
    if (found) certificates.push(found);
    else unreadable.push(file);
  }
  return {
    path,
    certificates,
    unreadable,
    keys: new Set(stems('.key')),
    lists: new Set(stems('.esl')),
    updates: new Set(stems('.auth').filter(stem => !isFieldUpdate(updateFile(stem)) && updateFile(stem) !== CLEAR_PK)),
  };
}

/** undefined: it holds no certificate that can be read. */
export function readCertificateFile(path: string, file: string): CertificateFile | undefined {
  try {
    const [certificate, ...chain] = certificateBlocks(readContained(path, file).toString('latin1')).map(
      parseCertificate,
    );
    return certificate && { file, stem: file.replace(/\.[a-z]+$/, ''), certificate, chain };
  } catch {
    return undefined;
  }
}

export const byStem = (certificates: readonly CertificateFile[]): ReadonlyMap<string, CertificateFile> =>
  new Map(certificates.map(each => [each.stem, each]));

/** The certificate of a stem or file name, as typed. Throws a UsageError where there is none. */
export function findCertificate(certificates: readonly CertificateFile[], name: string): CertificateFile {
  const found = certificates.find(({ stem, file }) => stem === name || file === name);
  if (found) return found;
  const stems = certificates.map(({ stem }) => stem);
  const close = nearest(name, stems);
  throw new UsageError(
    `the directory has no certificate "${name}"`,
    close ? `did you mean "${close}"?` : 'give the name of a .cert or .crt file in it',
  );
}

/** Why a directory cannot be read, in words; what was thrown otherwise stays as it is. */
export function asUnreadable(path: string, failure: unknown): unknown {
  const { code } = failure as NodeJS.ErrnoException;
  if (code === undefined) return failure;
  const what =
    code === 'ENOENT' ? `"${path}" is not there` : `cannot read the directory "${path}": ${systemReason(code)}`;
  return new StateError(what, 'give the directory of a PKI: --dir DIR');
}
