// The database of a CA whose directory has none, as the old scripts leave it: built from the certificates there.
import type { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { indexRow } from '../store/ca-database.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { syncPath, writeNew } from '../store/files.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { databaseFolder, databaseTraces, issuedFile, issuedFolder } from '../store/names.ts';
import { replaceFile } from '../store/replace-file.ts';
import { indexFile } from './database.ts';

export const hasDatabase = (path: string, ca: string): boolean => existsSync(join(path, indexFile(ca)));

/** For a verb that only reads: what builds a database, where it is, or that there was one. */
export function refuseWithoutDatabase({ path, keys }: PkiDirectory, stem: string): void {
  if (hasDatabase(path, stem)) return;
  refuseLost(path, stem, keys.has(stem));
  throw new StateError(
    `${stem} has no database in "${path}"`,
    keys.has(stem)
      ? `"trustme-pki crl ${stem}" builds one from the certificates there`
      : `give the directory with the key of ${stem}, where its database is: --dir DIR`,
  );
}

/** Throws a StateError where there was a database, of which nothing else knows what it had revoked. */
function refuseLost(path: string, stem: string, isKeyHere: boolean): void {
  const traces = databaseTraces(stem, isKeyHere).filter(file => existsSync(join(path, file)));
  if (traces.length > 0)
    throw new StateError(
      `"${indexFile(stem)}" is missing, though there was one, as "${traces[0]}" tells: what ${stem} issued and revoked stood in it`,
      `restore it from a backup, or begin anew by moving away ${traces.map(file => `"${file}"`).join(' and ')}`,
    );
}

/**
 * Writes issued certificates, a number, then the index: its presence says that the database is whole. Throws a
 * StateError where there was one.
 */
export function buildDatabase({ path, certificates, keys }: PkiDirectory, authority: CertificateFile): number {
  const { stem } = authority;
  refuseLost(path, stem, keys.has(stem));
  const own = certificates.filter(each => isIssuedBy(each.certificate, authority.certificate));
  // Copies of one certificate, under other names, are one row.
  const issued = [...new Map(own.map(each => [each.certificate.serialNumber, each])).values()];
  keepIssued(
    path,
    stem,
    issued.map(({ certificate }) => certificate),
  );
  const folder = join(path, databaseFolder(stem));
  if (!existsSync(join(folder, 'crlnumber'))) replaceFile(join(folder, 'crlnumber'), '01\n');
  const rows = issued.map(({ certificate }) => indexRow(certificate.toString()));
  replaceFile(join(path, indexFile(stem)), rows.join(''));
  return issued.length;
}

/** Writes certificates that a CA issued into its database, where they are not there; synced, so that rows may follow. */
export function keepIssued(path: string, stem: string, issued: readonly X509Certificate[]): void {
  mkdirSync(join(path, issuedFolder(stem)), { recursive: true });
  for (const certificate of issued) {
    const file = join(path, issuedFile(stem, certificate.serialNumber));
    if (!existsSync(file)) writeNew(file, certificate.toString());
  }
  syncPath(join(path, issuedFolder(stem)));
}

/** What an index needs beside it, where it is not there: git, say, keeps no empty folder. */
export function completeDatabase(path: string, stem: string): void {
  mkdirSync(join(path, issuedFolder(stem)), { recursive: true });
  const attributes = join(path, databaseFolder(stem), 'index.txt.attr');
  if (!existsSync(attributes)) replaceFile(attributes, 'unique_subject = no\n');
}
