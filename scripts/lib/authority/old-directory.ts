// The database of a CA whose directory has none, as the old scripts leave it: built from the certificates there.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { indexRow } from '../store/ca-database.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { syncPath, writeNew } from '../store/files.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { databaseFolder, issuedFile, issuedFolder } from '../store/names.ts';
import { indexFile, replaceFile } from './database.ts';

export const hasDatabase = (path: string, ca: string): boolean => existsSync(join(path, indexFile(ca)));

/** Writes issued certificates, numbers, and the index last: its presence says that the database is whole. */
export function buildDatabase({ path, certificates }: PkiDirectory, authority: CertificateFile): number {
  const { stem } = authority;
  const issued = certificates.filter(each => isIssuedBy(each.certificate, authority.certificate));
  mkdirSync(join(path, issuedFolder(stem)), { recursive: true });
  const blocks = issued.map(({ certificate }) => certificate.toString());
  for (const [i, { certificate }] of issued.entries()) {
    const file = join(path, issuedFile(stem, certificate.serialNumber));
    if (!existsSync(file)) writeNew(file, blocks[i]!);
  }
  const folder = join(path, databaseFolder(stem));
  replaceFile(join(folder, 'index.txt.attr'), 'unique_subject = no\n');
  if (!existsSync(join(folder, 'crlnumber'))) replaceFile(join(folder, 'crlnumber'), '01\n');
  syncPath(join(path, issuedFolder(stem)));
  replaceFile(join(path, indexFile(stem)), blocks.map(indexRow).join(''));
  return issued.length;
}
