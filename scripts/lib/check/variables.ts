// The UEFI lists and updates that are there, those of the configuration's variables and all others.
import type { Signature } from '../model/signature-list.ts';
import type { VariableFiles } from '../model/uefi.ts';
import type { VariableUpdate } from '../model/variable-update.ts';
import type { PkiDirectory } from '../store/directory.ts';
import { listFile, updateFile } from '../store/names.ts';
import { digestOf } from '../store/signature-digest.ts';
import { type Finding, info, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { certificatesByStem, checkList, checkLost, readList } from './lists.ts';
import { checkFieldUpdates, checkUpdate, readUpdate } from './updates.ts';

/** One update and when it says that it was signed. */
interface Dated extends VariableFiles {
  readonly update: VariableUpdate;
}

export async function checkVariables(inspection: Inspection): Promise<Finding[]> {
  const { directory, variables, scratch, surroundings, now } = inspection;
  const checked = await Promise.all(
    variables
      .filter(({ stem }) => directory.updates.has(stem))
      .map(({ stem, variable }) => checkUpdate(directory, stem, variable, scratch, surroundings)),
  );
  const dated = variables.flatMap(each => readDated(directory, each));
  return [
    ...checkLists(inspection),
    ...checked.flat(),
    ...(await checkFieldUpdates(directory, variables, scratch, surroundings)),
    ...checkForeignUpdates(directory, new Set(variables.map(({ stem }) => stem))),
    ...dated.flatMap(each => checkTime(each, now)),
    ...checkOrder(dated),
  ];
}

/** The list of a certificate that fills no variable holds that one; of any other it is asked only whether it is a list. */
function checkLists({ directory, entries, record, variables }: Inspection): Finding[] {
  const certificateOf = certificatesByStem(directory);
  const contents = new Map(variables.map(({ stem, variable }) => [stem, variable.contains]));
  const recorded = record.state === 'read' ? (record.manifest.others ?? {}) : undefined;
  const own = [...directory.lists].flatMap(stem => {
    const contains = contents.get(stem) ?? (certificateOf(stem) ? [stem] : undefined);
    if (!contains) return parse(directory, listFile(stem));
    const others = (rest: readonly Signature[]) =>
      recorded ? rest.filter(each => recorded[stem]?.includes(digestOf(each))) : rest;
    const findings = checkList(directory, stem, contains, certificateOf, others);
    return findings.length > 0 || recorded ? findings : noteOthers(directory, stem, contains.length);
  });
  const lost = variables.flatMap(({ stem, variable }) => checkLost(directory, stem, variable.contains, recorded));
  const hidden = entries.filter(({ file, kind }) => kind === 'file' && /^\.pki\/[^/]+\.esl$/.test(file));
  return [...own, ...lost, ...hidden.flatMap(({ file }) => parse(directory, file))];
}

/** Without a manifest nobody can have recorded what a list holds. */
function noteOthers({ path }: PkiDirectory, stem: string, own: number): Finding[] {
  const held = readList(path, listFile(stem));
  const count = Array.isArray(held) ? held.length - own : 0;
  if (count === 0) return [];
  const what = count === 1 ? 'an entry' : `${count} entries`;
  return [
    info('list-unrecorded', listFile(stem), `it holds ${what} besides our certificates, and no manifest names them`),
  ];
}

function parse({ path }: PkiDirectory, file: string): Finding[] {
  const held = readList(path, file);
  return Array.isArray(held) ? [] : [held];
}

function checkForeignUpdates({ path, updates }: PkiDirectory, variables: ReadonlySet<string>): Finding[] {
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

function readDated({ path, updates }: PkiDirectory, { stem, variable }: VariableFiles): Dated[] {
  if (!updates.has(stem)) return [];
  const update = readUpdate(path, updateFile(stem));
  return 'code' in update ? [] : [{ stem, variable, update }];
}

const LEEWAY = 10 * 60 * 1000;
const AGAIN = 'sign it again with the present time';
/** Signing again gives it a time after this one. */
const AHEAD =
  'set the clock of whatever signed it; what is signed next gets a time after this one, since machines that have it take none before';

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
  const says = (what: string, hint = AGAIN) => [warning('update-time', updateFile(stem), what, hint)];
  if (!isTime || timeBytes.subarray(7).some(byte => byte !== 0)) return says('its time is none that firmware takes');
  if (time.getUTCFullYear() < 2000) return says(`it says that it was signed in ${time.getUTCFullYear()}`);
  // Calls in a row are given rising times, seconds apart: the last may be a little ahead.
  return time.getTime() > now.getTime() + LEEWAY
    ? says(`it says that it was signed in the future: ${time.toISOString()}`, AHEAD)
    : [];
}

/** PK, KEK, db and dbx are signed in this order, a second apart. */
function checkOrder(dated: readonly Dated[]): Finding[] {
  return dated.slice(1).flatMap(({ stem, update }, i) => {
    const before = dated[i]!;
    const apart = update.time.getTime() - before.update.time.getTime();
    if (apart > 0) return [];
    const file = updateFile(stem);
    return apart === 0
      ? [info('update-same-time', file, `it was signed in the same second as "${updateFile(before.stem)}"`)]
      : [warning('update-order', file, `it was signed before "${updateFile(before.stem)}", which comes first`, AGAIN)];
  });
}
