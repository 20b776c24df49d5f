// Revocation lists: signed by openssl from a CA's index, with a number that rises.

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { StateError } from '../errors.ts';
import { pemToDer } from '../model/pem.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { runCommand, runLogged } from '../run/exec.ts';
import { NUMBER_FILE } from '../store/database-rows.ts';
import { crlFile, numberFile } from '../store/names.ts';
import { replaceFile } from '../store/replace-file.ts';
import { refuseJump } from './clock.ts';
import type { FormerSigner } from './former-keys.ts';
import { formerKeyOptions, keyOptions } from './key-options.ts';
import type { Authority } from './open.ts';
import { refuseOlder } from './sound-database.ts';

export interface Crl {
  readonly ca: string;
  /** Absolute paths: PEM, DER. */
  readonly files: readonly [string, string];
  /** Hexadecimal. */
  readonly number: string;
  /** Serial number of the certificate whose key signed it, where that is one that the CA had before. */
  readonly former?: string;
}

/**
 * Signs a new list and puts it in the place of the old one; `days` stands in for what the configuration says. One by a
 * key that the CA had before says the same to those who know that key alone, in a file of its own.
 */
export async function writeCrl(
  authority: Authority,
  folder: string,
  days: number | undefined,
  signer?: FormerSigner,
): Promise<Crl> {
  const { stem, path, configuration, surroundings, work } = authority;
  const key = signer?.key ?? authority.key;
  const number = numberIn(path, numberFile(stem));
  const former = signer?.former.serial;
  const name = crlFile(stem, former);
  const files = [join(folder, name), join(folder, `${name}.der`)] as const;
  refuseOlder(path, authority.certificate, folder, name, number);
  const [ownNumber, ownConfiguration, list] = ['crlnumber', 'ca.cnf', 'list.crl'].map(each => join(work, each)) as [
    string,
    string,
    string,
  ];
  replaceFile(ownNumber, `${number}\n`);
  replaceFile(ownConfiguration, withNumber(configuration, relative(path, ownNumber)));
  const args = [
    ...['ca', '-batch', '-config', relative(path, ownConfiguration), '-gencrl', '-out', relative(path, list)],
    ...(days === undefined ? [] : ['-crldays', String(days)]),
    ...(signer ? formerKeyOptions(authority, signer) : keyOptions(authority)),
  ];
  const began = Date.now();
  await runCommand(commandWithKey('openssl', args, key), name, surroundings);
  await checkCrl(authority, signer?.former.file ?? authority.certificate.file, list, number, began);
  // The number is used up before anybody sees the list that has it.
  replaceFile(join(path, numberFile(stem)), readFileSync(ownNumber));
  const pem = readFileSync(list, 'latin1');
  replaceFile(files[0], pem);
  replaceFile(files[1], pemToDer(pem));
  return { ca: stem, files, number, ...(former === undefined ? {} : { former }) };
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
async function checkCrl(
  { stem, path, surroundings, work }: Authority,
  certificate: string,
  list: string,
  number: string,
  began: number,
): Promise<void> {
  const args = ['-in', relative(path, list), '-CAfile', certificate, '-verify', '-noout'];
  const reading = command('openssl', ['crl', ...args, '-crlnumber', '-lastupdate']);
  const { printed, report } = await runLogged(reading, `${stem}.crl`, surroundings, join(work, `crl-${number}`));
  const [, found, date] = /^crlNumber=0x([0-9A-F]+)\nlastUpdate=(.+)$/m.exec(printed) ?? [];
  if (!/^verify OK$/m.test(report) || date === undefined || BigInt(`0x${found}`) !== BigInt(`0x${number}`))
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
