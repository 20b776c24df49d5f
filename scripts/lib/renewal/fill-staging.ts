// What a renewal begins with in its staging directory: the directory's files but those that will be made, the lists of
// what UEFI variables hold besides our certificates, and the keys that others take the place of.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatSignatureLists } from '../model/signature-list.ts';
import { variablesIn } from '../model/uefi.ts';
import type { Plan } from '../plan/plan.ts';
import { formerFile, freshFile, othersFile } from '../plan/renewal.ts';
import { writeNew } from '../store/files.ts';
import { certificateFile, isScratch, keyFile, RETIRED } from '../store/names.ts';
import type { Renewal } from './renew.ts';

/** What the jobs of a plan make to be published. */
export const filesOf = ({ jobs }: Plan): string[] =>
  jobs.flatMap(({ makes }) => makes).filter(file => !isScratch(file));

/** What lies in databases is not needed. */
export function fillStaging(staging: string, { directory, selection, inputs, lists }: Renewal, plan: Plan): void {
  const { path } = directory;
  const authorisers = new Set(variablesIn(inputs.hierarchy).map(({ variable: { authoriser } }) => authoriser));
  // Machines in the field may know an authoriser by the certificate that it had.
  for (const folder of ['.', 'certs', ...[...authorisers].map(stem => `${RETIRED}/${stem}`)])
    copyFiles(join(path, folder), join(staging, folder));
  for (const folder of plan.folders) mkdirSync(join(staging, folder), { recursive: true });
  for (const file of filesOf(plan)) rmSync(join(staging, file), { force: true });
  for (const [stem, { all, fresh }] of lists) {
    writeNew(join(staging, othersFile(stem)), formatSignatureLists(all));
    writeNew(join(staging, freshFile(stem)), formatSignatureLists(fresh));
  }
  for (const stem of authorisers) {
    if (!selection.entities.has(stem)) continue;
    mkdirSync(dirname(join(staging, formerFile(stem, 'key'))), { recursive: true });
    const certificate = certificateFile(inputs.hierarchy.get(stem)!);
    copyFileSync(join(path, certificate), join(staging, formerFile(stem, 'crt')));
    copyFileSync(join(path, keyFile(stem)), join(staging, formerFile(stem, 'key')));
  }
}

function copyFiles(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true }))
    if (entry.isFile()) copyFileSync(join(from, entry.name), join(to, entry.name));
}
