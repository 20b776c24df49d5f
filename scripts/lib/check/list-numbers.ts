// Does the number of the next revocation list come after those of the lists in the directory?
import { join } from 'node:path';
import { readContained } from '../store/contained-file.ts';
import { NUMBER_FILE, wholeSerial } from '../store/database-rows.ts';
import { numberFile } from '../store/names.ts';
import { publishedList } from '../store/revocation-list.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { listFilesOf } from './revocation-lists.ts';

/** Of lists by keys that a CA had before, too: CA.SERIAL.crl. Where its key is elsewhere, no list is made here. */
export function checkListNumbers({ directory, entries }: Inspection): Finding[] {
  const { path, certificates, keys } = directory;
  return certificates.flatMap(ca => {
    const next = keys.has(ca.stem) ? nextNumber(path, numberFile(ca.stem)) : undefined;
    if (next === undefined) return [];
    return listFilesOf(ca.stem, entries)
      .filter(file => !file.endsWith('.der'))
      .flatMap(file => {
        const number = publishedList(path, ca, join(path, file))?.number;
        return number === undefined || number < next ? [] : [used(ca.stem, next, file, number)];
      });
  });
}

/** undefined: it cannot be read, which is told elsewhere. */
function nextNumber(path: string, file: string): bigint | undefined {
  try {
    const text = readContained(path, file).toString('latin1');
    return NUMBER_FILE.test(text) ? BigInt(`0x${text.trim()}`) : undefined;
  } catch {
    return undefined;
  }
}

function used(ca: string, next: bigint, list: string, number: bigint): Finding {
  const [ours, has, after] = [next, number, number + 1n].map(each => wholeSerial(each.toString(16).toUpperCase()));
  return error(
    'list-number',
    numberFile(ca),
    `the next list would have the number ${ours}, and "${list}" has ${has}: the database is older than that`,
    `restore the newer database from a backup; where there is none, write ${after} into it`,
  );
}
