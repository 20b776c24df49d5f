// `trustme-pki uefi show [FILE…]`: what signature lists and variable updates say.
import { join } from 'node:path';
import { openDirectory } from '../lib/authority/open.ts';
import { printableLines, StateError } from '../lib/errors.ts';
import { surroundingsIn } from '../lib/run/exec.ts';
import { describeFile } from '../lib/secure-boot/describe.ts';
import { listUefiFiles } from '../lib/secure-boot/files.ts';
import { formatDescriptions } from '../lib/secure-boot/format.ts';
import { readInput } from '../lib/store/input-file.ts';
import { parseWords } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const { release: _, ...OPTIONS } = DIRECTORY_OPTIONS;

const HELP = `usage: trustme-pki uefi show [FILE...] [options]

Says of each signature list (.esl) and variable update (.auth) what it holds: type, subject, SHA-256 and owner of each
entry; of an update when and by whom it was signed, and for which variable, as far as the certificates in it or those of
the directory verify its signature. Takes files of efivarfs, too. Without FILE: those of the directory.

${DIRECTORY_HELP}

example: trustme-pki uefi show DBXUpdate.bin`;

export async function uefiShow(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki uefi show', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const options = readDirectoryOptions(given, context.environment);
  const isAsked = given.dir !== undefined || positionals.length === 0;
  const directory = isAsked ? openDirectory(options, false).directory : undefined;
  const files =
    positionals.length > 0 ? positionals : listUefiFiles(directory!.path).map(file => join(options.dir, file));
  if (files.length === 0)
    throw new StateError(`"${options.dir}" has no signature lists`, 'generate --platform-keys, or name a FILE');
  const known = directory?.certificates.map(({ certificate }) => certificate) ?? [];
  const surroundings = surroundingsIn('.', context.environment, context.controller);
  const descriptions = [];
  for (const file of files) descriptions.push(await describeFile(file, readInput(file), known, surroundings));
  if (given.json) return context.print(JSON.stringify({ schema: 1, files: descriptions }));
  return given.quiet ? 0 : context.print(printableLines(formatDescriptions(descriptions)));
}
