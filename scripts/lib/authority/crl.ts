// Revocation lists: signed by openssl from a CA's index, with a number that rises.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { StateError } from '../errors.ts';
import { pemToDer } from '../model/pem.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { runCommand, runLogged } from '../run/exec.ts';
import { NUMBER_FILE } from '../store/database-rows.ts';
import { databaseFolder, keyFile } from '../store/names.ts';
import { refuseJump } from './clock.ts';
import { replaceFile } from './database.ts';
import { keyOptions } from './key-options.ts';
import type { Authority } from './open.ts';

export interface Crl {
  readonly ca: string;
  /** Absolute paths: PEM, DER. */
  readonly files: readonly [string, string];
  /** Hexadecimal. */
  readonly number: string;
}

/** Signs a new list and puts it in the place of the old one; `days` stands in for what the configuration says. */
export async function writeCrl(authority: Authority, folder: string, days: number | undefined): Promise<Crl> {
  const { stem, path, configuration, key, surroundings, work } = authority;
  if (!existsSync(join(path, keyFile(stem))))
    throw new StateError(`the key of ${stem} is not in the directory`, 'make the list where the key is');
  const numberFile = `${databaseFolder(stem)}/crlnumber`;
  const number = numberIn(path, numberFile);
  const [ownNumber, ownConfiguration, list] = ['crlnumber', 'ca.cnf', 'list.crl'].map(name => join(work, name)) as [
    string,
    string,
    string,
  ];
  replaceFile(ownNumber, `${number}\n`);
  replaceFile(ownConfiguration, withNumber(configuration, relative(path, ownNumber)));
  const args = [
    ...['ca', '-batch', '-config', relative(path, ownConfiguration), '-gencrl', '-out', relative(path, list)],
    ...(days === undefined ? [] : ['-crldays', String(days)]),
    ...keyOptions(authority),
  ];
  const began = Date.now();
  await runCommand(commandWithKey('openssl', args, key), `${stem}.crl`, surroundings);
  await checkCrl(authority, list, number, began);
  // The number is used up before anybody sees the list that has it.
  replaceFile(join(path, numberFile), readFileSync(ownNumber));
  const pem = readFileSync(list, 'latin1');
  const files = [join(folder, `${stem}.crl`), join(folder, `${stem}.crl.der`)] as const;
  replaceFile(files[0], pem);
  replaceFile(files[1], pemToDer(pem));
  return { ca: stem, files, number };
}

function numberIn(path: string, file: string): string {
  const text = existsSync(join(path, file)) ? readFileSync(join(path, file), 'latin1') : undefined;
  if (text !== undefined && NUMBER_FILE.test(text)) return text.trim();
  throw new StateError(
    `"${file}" ${text === undefined ? 'is missing' : 'holds no number as openssl writes it'}`,
    'restore it from a backup, or write into it the number after that of the last list: openssl crl -in LIST -noout -crlnumber',
  );
}

/** openssl, reading again what it wrote: a disk that fills up is not told of. */
async function checkCrl(authority: Authority, list: string, number: string, began: number): Promise<void> {
  const { stem, path, certificate, surroundings, work } = authority;
  const args = ['-in', relative(path, list), '-CAfile', certificate.file, '-verify', '-noout'];
  const reading = command('openssl', ['crl', ...args, '-crlnumber', '-lastupdate']);
  const { printed, report } = await runLogged(reading, `${stem}.crl`, surroundings, join(work, `crl-${number}`));
  const [, found, date] = /^crlNumber=0x([0-9A-F]+)\nlastUpdate=(.+)$/m.exec(printed) ?? [];
  if (!/^verify OK$/m.test(report) || found !== number.toUpperCase() || date === undefined)
    throw new StateError(
      `the list of ${stem} that openssl made is not signed by it, or does not have the number ${number}`,
      'it was thrown away: run again',
    );
  refuseJump(date, began, `the list of ${stem}`);
}

/** The same configuration with another file for the number: openssl writes it in two steps, and may be killed between. */
function withNumber(configuration: string, file: string): string {
  return configuration.replace(/^crlnumber = .*$/m, () => `crlnumber = ${file}`);
}
