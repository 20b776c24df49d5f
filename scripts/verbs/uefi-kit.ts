// `trustme-pki uefi kit FOLDER`: the UEFI keys of a directory, in the shapes that firmware and its tools take.
import { existsSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openDirectory } from '../lib/authority/open.ts';
import { StateError, UsageError } from '../lib/errors.ts';
import { kitFiles } from '../lib/secure-boot/kit.ts';
import { draftBeside } from '../lib/store/draft.ts';
import { syncPath, writeNew } from '../lib/store/files.ts';
import { removeTree } from '../lib/store/remove-tree.ts';
import { parseWords } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const { release: _, ...OPTIONS } = DIRECTORY_OPTIONS;

const HELP = `usage: trustme-pki uefi kit FOLDER [options]

Makes FOLDER, which must not be there or be empty: certificates for firmware menus, lists for KeyTool, updates,
loader/keys for systemd-boot, files and options for EDK2 builds with default keys and for virt-fw-vars. Nothing in it is
secret. FOLDER/README.md says what is for whom.

${DIRECTORY_HELP}

example: trustme-pki uefi kit uefi-kit`;

export async function uefiKit(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki uefi kit', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0)
    throw new UsageError(
      folder === undefined ? 'FOLDER is missing' : 'one FOLDER is enough',
      'usage: trustme-pki uefi kit FOLDER',
    );
  const target = resolve(folder);
  if (existsSync(target) && !statSync(target).isDirectory())
    throw new UsageError(`"${folder}" is no folder`, 'give one that is not there yet');
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new StateError(`"${folder}" is not empty`, 'give a folder that is not there yet');
  const { directory, settings } = openDirectory(readDirectoryOptions(given, context.environment), false);
  const files = kitFiles(directory, settings.configuration.hierarchy);
  publish(target, files);
  const names = [...files.keys()];
  if (given.json) return context.print(JSON.stringify({ schema: 1, folder: target, files: names }));
  return given.quiet ? 0 : context.print(names.map(name => join(folder, name)).join('\n'));
}

/** The folder is there whole, or not at all. */
function publish(target: string, files: ReadonlyMap<string, Buffer | string>): void {
  const draft = draftBeside(target);
  try {
    for (const [name, content] of files) writeNew(join(draft, name), content);
    if (existsSync(target)) rmdirSync(target);
    renameSync(draft, target);
    syncPath(dirname(target));
  } finally {
    removeTree(draft);
  }
}
