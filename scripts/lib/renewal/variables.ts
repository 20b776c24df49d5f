// What renewed UEFI variables keep, and what they must not: owners stay, time stamps rise.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hierarchy } from '../model/hierarchy.ts';
import { parseSignatureLists, parseVariableUpdate } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { readManifest } from '../store/manifest.ts';
import { fieldUpdateFile, listFile, updateFile } from '../store/names.ts';

/** Owner GUIDs by stem: as recorded, else as the lists have them. */
export function ownersOf({ path, certificates, lists }: PkiDirectory): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const stem of lists)
    for (const { owner, data } of parseSignatureLists(readFileSync(join(path, listFile(stem)))))
      for (const each of certificates) if (each.certificate.raw.equals(data)) owners.set(each.stem, owner);
  return new Map([...owners, ...Object.entries(readManifest(path)?.owners ?? {})]);
}

/** Now, in whole seconds, or one second after the last update of the variable; later ones are for what is renewed. */
export function timesOf(path: string, hierarchy: Hierarchy, now: Date): (variable: Variable['name']) => Date {
  const last = new Map<string, number>();
  for (const { stem, variable } of hierarchy.values()) {
    if (!variable) continue;
    const files = [updateFile(stem), fieldUpdateFile(stem, variable.name !== 'PK')].filter(file =>
      existsSync(join(path, file)),
    );
    const times = files.map(file => parseVariableUpdate(readFileSync(join(path, file))).time.getTime());
    last.set(variable.name, Math.max(0, ...times));
  }
  const order: readonly Variable['name'][] = ['PK', 'KEK', 'db'];
  const start = Math.floor(now.getTime() / 1000) * 1000;
  return name =>
    new Date(Math.max(start - 1000 * (order.length - 1 - order.indexOf(name)), (last.get(name) ?? 0) + 1000));
}
