// Which files of a PKI directory belong to a certificate, and what is said of them.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../check/finding.ts';
import { serialOf } from '../store/database-rows.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { HIDDEN, issuedFolder, keyFile, listFile, RETIRED, updateFile } from '../store/names.ts';
import { readerOf } from '../store/readers.ts';
import type { Held } from './directory-certificates.ts';
import type { PictureFile } from './picture.ts';

export const withReader = (file: string): PictureFile => ({ file, reader: readerOf(file) });

/** The certificate's own file first. */
export function filesOf({ file, copies, stem }: Held, { path, keys, lists, updates }: PkiDirectory): PictureFile[] {
  if (stem === undefined) return [withReader(file)];
  return [
    file,
    ...copies,
    ...(keys.has(stem) ? [keyFile(stem)] : []),
    ...(lists.has(stem) ? [listFile(stem)] : []),
    ...(updates.has(stem) ? [updateFile(stem)] : []),
    ...DERIVED_EXPORTS.filter(each => each.certificate === file && existsSync(join(path, each.file))).map(
      each => each.file,
    ),
  ].map(withReader);
}

/** How many certificates its database holds beside `issued`, which have files of their own, and those whose place these took. */
export function issuedToRequests({ stem, facts }: Held, issued: readonly Held[], { path }: PkiDirectory): number {
  if (stem === undefined) return 0;
  const retired = listNames(join(path, RETIRED)).flatMap(each => serialsIn(join(path, RETIRED, each)));
  const named = [facts, ...issued.map(each => each.facts)].map(({ serial }) => serialOf(serial));
  const known = new Set([...named, ...retired]);
  return serialsIn(join(path, issuedFolder(stem))).filter(serial => !known.has(serial)).length;
}

const serialsIn = (folder: string): string[] =>
  listNames(folder).flatMap(name => (name.endsWith('.pem') ? [serialOf(name.slice(0, -'.pem'.length))] : []));

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // The scripts of old keep no database.
  }
}

/** Findings by the certificate whose file they name; those of no such file in `others`. */
export function assignFindings(
  all: readonly Held[],
  findings: readonly Finding[],
): { byCertificate: Map<Held, Finding[]>; others: Finding[] } {
  const owners = new Map<string, Held>();
  for (const held of all) if (held.stem !== undefined) owners.set(held.stem, held);
  for (const held of all) for (const file of [held.file, ...held.copies]) if (held.stem) owners.set(file, held);
  for (const { file, certificate } of DERIVED_EXPORTS) {
    const owner = owners.get(certificate);
    if (owner) owners.set(file, owner);
  }
  const byCertificate = new Map<Held, Finding[]>(all.map(held => [held, []]));
  const others: Finding[] = [];
  for (const finding of findings) {
    const owner = owners.get(finding.file) ?? owners.get(stemOf(finding.file));
    (owner ? byCertificate.get(owner)! : others).push(finding);
  }
  return { byCertificate, others };
}

/** `backend.key`, `.pki/backend.cnf` and `.pki/backend/index.txt` are files of `backend`. */
const stemOf = (file: string): string => {
  const [first = ''] = (file.startsWith(`${HIDDEN}/`) ? file.slice(HIDDEN.length + 1) : file).split('/');
  return first.replace(/\.[a-z0-9]+$/, '');
};
