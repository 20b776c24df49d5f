// UEFI keys of a PKI directory: which variable each fills, what the variable's list holds, who signs its updates.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSignatureLists } from '../model/signature-list.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { listFile } from '../store/names.ts';
import type { Held } from './directory-certificates.ts';
import type { PictureVariable } from './picture.ts';

/** Stem of the certificate's entity to its variable. */
export type Variables = ReadonlyMap<string, PictureVariable>;

/** Who signs updates (UEFI specification 2.10, 8.2.2); no file of the directory says it in clear. */
const AUTHORISERS: Readonly<Record<string, string>> = { PK: 'PK', KEK: 'PK', db: 'KEK', dbx: 'KEK' };

/** UEFI keys are self-signed and have a list or an update; ssig_subca has a list too, but an issuer. */
export function readVariables(directory: PkiDirectory, all: readonly Held[]): Variables {
  const stems = new Map(all.map(({ facts, stem, file }) => [facts.sha256, stem ?? file]));
  const keys = all.filter(
    ({ stem, isSelfSigned }) =>
      stem !== undefined && isSelfSigned && (directory.lists.has(stem) || directory.updates.has(stem)),
  );
  return new Map(keys.map(({ stem }) => [stem!, variableOf(stem!, directory, stems)]));
}

function variableOf(stem: string, directory: PkiDirectory, stems: ReadonlyMap<string, string>): PictureVariable {
  // The output stem `DB` fills the variable db.
  const name = /^dbx?$/i.test(stem) ? stem.toLowerCase() : stem;
  const contains = readList(join(directory.path, listFile(stem))).map(sha256 => stems.get(sha256) ?? sha256);
  return { name, contains, authoriser: AUTHORISERS[name] };
}

/** SHA-256 of each entry; a list that cannot be read holds nothing to show, and `verify` says so. */
function readList(path: string): string[] {
  try {
    return parseSignatureLists(readFileSync(path)).map(({ data }) =>
      createHash('sha256')
        .update(data)
        .digest('hex')
        .toUpperCase()
        .replace(/..(?!$)/g, '$&:'),
    );
  } catch {
    return [];
  }
}

/** Names of the variables whose lists hold the certificate of a stem. */
export const holdersOf = (stem: string | undefined, variables: Iterable<PictureVariable>): string[] =>
  [...variables].filter(({ contains }) => stem !== undefined && contains.includes(stem)).map(({ name }) => name);
