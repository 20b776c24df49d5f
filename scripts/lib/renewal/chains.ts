// Files that hold a certificate which was renewed behind their own: the new one stands in its place, the rest stays.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pemBlocks, pemToDer } from '../model/pem.ts';
import type { CertificateFile } from '../store/directory.ts';
import { firstCertificate } from '../store/files.ts';

/** New text of each file of `folder` that holds an old certificate; `renewed` are read there, too. */
export function replaceInChains(
  files: readonly CertificateFile[],
  renewed: readonly CertificateFile[],
  folder: string,
): ReadonlyMap<string, string> {
  const fresh = renewed.map(
    ({ file, certificate }) => [certificate.raw, firstCertificate(join(folder, file))] as const,
  );
  const changed = files.flatMap(({ file, chain }): [string, string][] => {
    if (!chain.some(({ raw }) => fresh.some(([old]) => old.equals(raw)))) return [];
    return [[file, replaceBlocks(readFileSync(join(folder, file), 'latin1'), fresh)]];
  });
  return new Map(changed);
}

function replaceBlocks(text: string, fresh: readonly (readonly [Buffer, string])[]): string {
  let result = text;
  // From the end on: what stands before a block keeps its place.
  for (const { text: block, from, to } of pemBlocks(text).slice(1).reverse()) {
    const replacement = fresh.find(([old]) => old.equals(pemToDer(block)))?.[1];
    if (replacement !== undefined) result = result.slice(0, from) + replacement.trimEnd() + result.slice(to);
  }
  return result;
}
