// What renewed UEFI variables keep, and what they must not: owners stay, time stamps rise.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requireList } from '../check/lists.ts';
import { readUpdate } from '../check/updates.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { VariableName } from '../model/types.ts';
import { VARIABLE_ORDER, variablesIn } from '../model/uefi.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { readManifest } from '../store/manifest.ts';
import { CLEAR_PK, fieldUpdateFile, listFile, RETIRED, updateFile } from '../store/names.ts';

/** Owner GUIDs by stem: as recorded, else as the lists have them. */
export function ownersOf({ path, certificates, lists }: PkiDirectory): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const stem of lists)
    for (const { owner, data } of requireList(path, listFile(stem)))
      for (const each of certificates) if (each.certificate.raw.equals(data)) owners.set(each.stem, owner);
  return new Map([...owners, ...Object.entries(readManifest(path)?.owners ?? {})]);
}

/**
 * Now, in whole seconds, rising in the order of the variables; and two seconds after the last update of the variable,
 * field updates among them, which are made a second before, and later ones are for what is renewed.
 */
export function timesOf(path: string, hierarchy: Hierarchy, now: Date): (variable: VariableName) => Date {
  const recorded = readManifest(path)?.updates ?? {};
  const last = new Map<string, number>();
  for (const { stem, variable } of variablesIn(hierarchy)) {
    const record = new Date(recorded[variable.name] ?? 0).getTime();
    last.set(variable.name, Math.max(0, Number.isNaN(record) ? 0 : record, ...timesThere(path, stem, variable.name)));
  }
  const times = new Map<string, number>();
  let time = Math.floor(now.getTime() / 1000) * 1000 - 1000 * VARIABLE_ORDER.length;
  for (const name of VARIABLE_ORDER) {
    time = Math.max(time + 1000, (last.get(name) ?? 0) + 2000);
    times.set(name, time);
  }
  return name => new Date(times.get(name)!);
}

/** Of all updates of a variable in the directory. */
function timesThere(path: string, stem: string, name: VariableName): number[] {
  const isPk = name === 'PK';
  const files = [updateFile(stem), fieldUpdateFile(stem, !isPk), ...(isPk ? [CLEAR_PK] : [])];
  return (
    files
      .filter(file => existsSync(join(path, file)))
      .map(file => readUpdate(path, file))
      // One that is damaged is no update, and its time is recorded.
      .flatMap(update => ('code' in update ? [] : [update.time.getTime()]))
  );
}

/** Updates that brought former PKs to machines, in the order in which those take them: each signed the next one. */
export function formerUpdates(folders: readonly string[], stem: string): string[] {
  const held = new Map<string, number>();
  for (const folder of folders.filter(each => existsSync(join(each, RETIRED, stem))))
    for (const name of readdirSync(join(folder, RETIRED, stem)).filter(each => each.endsWith('.auth'))) {
      const file = `${RETIRED}/${stem}/${name}`;
      const update = readUpdate(folder, file);
      if (!('code' in update)) held.set(file, update.time.getTime());
    }
  return [...held].sort(([, a], [, b]) => a - b).map(([file]) => file);
}
