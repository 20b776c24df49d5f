// The UEFI lists and updates that are there, those of the configuration's variables and all others.
import type { VariableUpdate } from '../model/signature-list.ts';
import type { Variable } from '../model/types.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { updateFile } from '../store/names.ts';
import { type Finding, info, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { certificatesByStem, checkList, readList } from './lists.ts';
import { checkUpdate, readUpdate } from './updates.ts';

/** One update and when it says that it was signed. */
interface Dated {
  readonly stem: string;
  readonly variable: Variable;
  readonly update: VariableUpdate;
}

export async function checkVariables(inspection: Inspection): Promise<Finding[]> {
  const { directory, settings, scratch, surroundings, now } = inspection;
  const entities = [...settings.configuration.hierarchy.values()];
  const variables = new Map(entities.flatMap(({ stem, variable }) => (variable ? [[stem, variable] as const] : [])));
  const checked = await Promise.all(
    [...variables]
      .filter(([stem]) => directory.updates.has(stem))
      .map(([stem, variable]) => checkUpdate(directory, stem, variable, scratch, surroundings)),
  );
  const dated = [...variables].flatMap(([stem, variable]) => readDated(directory, stem, variable));
  return [
    ...checkLists(inspection, variables),
    ...checked.flat(),
    ...checkForeignUpdates(directory, variables),
    ...dated.flatMap(each => checkTime(each, now)),
    ...checkOrder(dated),
  ];
}

/** The list of a certificate that fills no variable holds that one; of any other it is asked only whether it is a list. */
function checkLists({ directory, entries }: Inspection, variables: ReadonlyMap<string, Variable>): Finding[] {
  const certificateOf = certificatesByStem(directory);
  const own = [...directory.lists].flatMap(stem => {
    const contains = variables.get(stem)?.contains ?? (certificateOf(stem) ? [stem] : undefined);
    return contains ? checkList(directory, stem, contains, certificateOf) : parse(directory, `${stem}.esl`);
  });
  const hidden = entries.filter(({ file, kind }) => kind === 'file' && /^\.pki\/[^/]+\.esl$/.test(file));
  return [...own, ...hidden.flatMap(({ file }) => parse(directory, file))];
}

function parse({ path }: PkiDirectory, file: string): Finding[] {
  const held = readList(path, file);
  return Array.isArray(held) ? [] : [held];
}

function checkForeignUpdates({ path, updates }: PkiDirectory, variables: ReadonlyMap<string, Variable>): Finding[] {
  return [...updates]
    .filter(stem => !variables.has(stem))
    .map(stem => {
      const update = readUpdate(path, updateFile(stem));
      return 'code' in update
        ? update
        : info(
            'update-unchecked',
            updateFile(stem),
            'no entity says for which variable it is: its signature is unchecked',
          );
    });
}

function readDated({ path, updates }: PkiDirectory, stem: string, variable: Variable): Dated[] {
  if (!updates.has(stem)) return [];
  const update = readUpdate(path, updateFile(stem));
  return 'code' in update ? [] : [{ stem, variable, update }];
}

const AGAIN = 'sign it again with the present time';

/** UEFI specification, 8.2.2: of the EFI_TIME, all but date and time has to be zero. */
function checkTime({ stem, update: { time, timeBytes } }: Dated, now: Date): Finding[] {
  const [month, day, hour, minute, second] = timeBytes.subarray(2, 7) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const isTime = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 60;
  const says = (what: string) => [warning('update-time', updateFile(stem), what, AGAIN)];
  if (!isTime || timeBytes.subarray(7).some(byte => byte !== 0)) return says('its time is none that firmware takes');
  if (time.getUTCFullYear() < 2000) return says(`it says that it was signed in ${time.getUTCFullYear()}`);
  return time > now ? says(`it says that it was signed in the future: ${time.toISOString()}`) : [];
}

const ORDER: readonly Variable['name'][] = ['PK', 'KEK', 'db'];

/** `generate` signs PK, KEK and db in this order, a second apart. */
function checkOrder(dated: readonly Dated[]): Finding[] {
  const sorted = [...dated].sort((a, b) => ORDER.indexOf(a.variable.name) - ORDER.indexOf(b.variable.name));
  return sorted.slice(1).flatMap(({ stem, update }, i) => {
    const before = sorted[i]!;
    const apart = update.time.getTime() - before.update.time.getTime();
    if (apart > 0) return [];
    const file = updateFile(stem);
    return apart === 0
      ? [info('update-same-time', file, `it was signed in the same second as "${updateFile(before.stem)}"`)]
      : [warning('update-order', file, `it was signed before "${updateFile(before.stem)}", which comes first`, AGAIN)];
  });
}
