// `trustme-pki uefi add VARIABLE …`, `trustme-pki uefi remove VARIABLE …`: what the lists of UEFI variables hold besides
// our certificates.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { openDirectory } from '../lib/authority/open.ts';
import { StateError, UsageError } from '../lib/errors.ts';
import { isSame, type Signature } from '../lib/model/signature-list.ts';
import type { VariableName } from '../lib/model/types.ts';
import { VARIABLE_ORDER } from '../lib/model/uefi.ts';
import type { Session } from '../lib/renewal/session.ts';
import { surroundingsIn } from '../lib/run/exec.ts';
import { makeReport } from '../lib/run/report.ts';
import {
  addEntries,
  type Changed,
  type ChangeOptions,
  clearPlatformKey,
  matching,
  removeEntries,
} from '../lib/secure-boot/change.ts';
import { entryForDbx } from '../lib/secure-boot/edk2.ts';
import { readEntries, readGuid, refuseOtherVariable } from '../lib/secure-boot/entries.ts';
import { formatChanged } from '../lib/secure-boot/format.ts';
import { revokedForFirmware } from '../lib/secure-boot/revoked.ts';
import { digestOf } from '../lib/store/signature-digest.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, noteTo, RELEASE_HELP, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const ADD_OPTIONS = { ...DIRECTORY_OPTIONS, owner: { type: 'string' }, revoked: { type: 'boolean' } } as const;

const ADD_HELP = `usage: trustme-pki uefi add KEK|db|dbx FILE|HASH... [options]
       trustme-pki uefi add dbx --revoked [options]

Adds certificates (PEM, DER), the entries of signature lists (.esl) and of vendors' updates (.auth), EFI binaries by their
hash, or hashes (SHA-256, 64 hexadecimal digits) to a list. Of a certificate with its chain the first is taken. What is
there already is passed over. The list and its update are made again (DB.esl, DB.auth); DB.append.auth adds the new ones
on machines that have the old list.

  --owner GUID       whose they are (SignatureOwner), where they do not say it; else Microsoft's certificates are
                     Microsoft's, and all others the platform's
  --revoked          dbx: certificates of ours that db leads to and that are revoked
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki uefi add dbx shimx64.efi`;

const REMOVE_HELP = `usage: trustme-pki uefi remove KEK|db|dbx FILE|DIGITS... [options]
       trustme-pki uefi remove PK [options]

Takes entries out of a list: those of a FILE, or those whose SHA-256 begins with DIGITS (8 or more, as "uefi show" prints
them). Our own certificates stay: "uefi rotate" replaces them. The whole list is signed again; firmware cannot be told to
take single entries out, and takes an old DB.append.auth at any time: what must not boot again belongs in dbx as well. "remove PK" makes noPK.auth: a machine that is given that one is in set-up mode again.

${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki uefi remove db 1f2e3d4c`;

export async function uefiAdd(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki uefi add', context.words, ADD_OPTIONS);
  if (given.help) return context.print(ADD_HELP);
  const [name, words] = readVariable(positionals, 'add', ['KEK', 'db', 'dbx']);
  const owner = textOf(given, 'owner');
  const guid = owner === undefined ? undefined : readGuid(owner);
  if (given.revoked && name !== 'dbx')
    throw new UsageError('--revoked is for dbx', 'trustme-pki uefi add dbx --revoked');
  if (words.length === 0 && !given.revoked)
    throw new UsageError('what is to be added is missing', `usage: trustme-pki uefi add ${name} FILE|HASH...`);
  const note = noteTo(context, given);
  const read = async (session: Session, own: string): Promise<Signature[]> => {
    const { directory, options } = session.open;
    const surroundings = surroundingsIn(directory.path, options.environment, context.controller);
    const entries: Signature[] = [];
    const known = directory.certificates.map(({ certificate }) => certificate);
    for (const word of words) {
      await refuseOtherVariable(word, name, known, surroundings);
      entries.push(...readEntries(word, { given: guid, own }, name === 'dbx', note));
    }
    if (!given.revoked) return entries;
    const { entries: revoked, lost } = revokedForFirmware(directory, session.settings.configuration.hierarchy, own);
    for (const serial of lost)
      note(`trustme-pki: warning: the revoked certificate ${serial} is not here: it is passed over`);
    return [...entries, ...revoked];
  };
  return finish(context, given, options => addEntries(options, name, read, guid));
}

export async function uefiRemove(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki uefi remove', context.words, DIRECTORY_OPTIONS);
  if (given.help) return context.print(REMOVE_HELP);
  const [name, words] = readVariable(positionals, 'remove', VARIABLE_ORDER);
  if (name === 'PK') return clear(context, given, words);
  if (words.length === 0)
    throw new UsageError('what is to be removed is missing', `usage: trustme-pki uefi remove ${name} FILE|DIGITS...`);
  const choose = async (_session: Session, own: readonly Signature[], others: readonly Signature[]) => {
    const owners = { given: undefined, own: '' };
    const chosen: Signature[] = [];
    for (const word of words) {
      const named = existsSync(word) ? readEntries(word, owners, true, noteTo(context, given)) : undefined;
      const wanted = name === 'dbx' ? named?.flatMap(each => [each, entryForDbx(each)]) : named;
      const find = (among: readonly Signature[]) =>
        wanted ? among.filter(each => wanted.some(other => isSame(each, other))) : matching(among, word);
      if (find(own).length > 0)
        throw new StateError(`"${word}" is a certificate of ours`, 'to replace it: trustme-pki uefi rotate');
      const found = find(others);
      if (found.length === 0) throw new StateError(`${name} holds nothing that is "${word}"`, 'trustme-pki uefi show');
      // Entries of one hash differ by the time from which it is revoked: its digits mean them all.
      if (!wanted && new Set(found.map(digestOf)).size > 1)
        throw new StateError(`${found.length} entries begin with "${word}"`, 'give more digits');
      chosen.push(...found);
    }
    return chosen;
  };
  return finish(context, given, options => removeEntries(options, name, choose));
}

/** The variable and what follows it. */
export function readVariable(
  [name, ...words]: readonly string[],
  subverb: string,
  names: readonly VariableName[],
): [VariableName, string[]] {
  const found = names.find(each => each.toLowerCase() === name?.toLowerCase());
  if (found) return [found, words];
  const hint = `give one of ${names.join(', ')}: trustme-pki uefi ${subverb} ${names.at(-1)} ...`;
  if (name?.toLowerCase() === 'pk')
    throw new UsageError('PK holds one key', 'to replace it: trustme-pki uefi rotate PK');
  throw new UsageError(name === undefined ? 'which variable is missing' : `"${name}" is no variable of UEFI`, hint);
}

async function clear(context: VerbContext, given: Given, words: readonly string[]): Promise<number> {
  if (words.length > 0) throw new UsageError('PK holds one key', 'leave out what follows: trustme-pki uefi remove PK');
  const files = await changing(context, given, clearPlatformKey);
  if (given.json) return context.print(JSON.stringify({ schema: 1, variable: 'PK', files }));
  return given.quiet
    ? 0
    : context.print(`made ${files.join(', ')}: it brings machines with this PK back to set-up mode`);
}

/** Runs a change, and prints what it did. */
export async function finish(
  context: VerbContext,
  given: Given,
  change: (options: ChangeOptions) => Promise<Changed>,
): Promise<number> {
  const changed = await changing(context, given, change);
  const { text, value } = formatChanged(changed);
  for (const each of new Set(changed.warnings)) noteTo(context, given)(`trustme-pki: warning: ${each}`);
  if (given.json) return context.print(JSON.stringify(value));
  return given.quiet ? 0 : context.print(text);
}

async function changing<T>(
  context: VerbContext,
  given: Given,
  change: (options: ChangeOptions) => Promise<T>,
): Promise<T> {
  const open = openDirectory(readDirectoryOptions(given, context.environment), true);
  const report = makeReport(context.stderr, given.quiet === true);
  try {
    return await change({ given: open, width: availableParallelism(), report, controller: context.controller });
  } finally {
    report.end();
  }
}
