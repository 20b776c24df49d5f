// `trustme-pki uefi show|add|remove|rotate|kit …`: UEFI variables of a PKI directory, and lists and updates of anybody.
import { UsageError } from '../lib/errors.ts';
import { nearest } from '../lib/model/nearest.ts';
import type { VerbContext } from './verb.ts';

const HELP = `usage: trustme-pki uefi show [FILE...] [options]
       trustme-pki uefi add KEK|db|dbx FILE|HASH... [options]
       trustme-pki uefi remove PK|KEK|db|dbx [FILE|DIGITS...] [options]
       trustme-pki uefi rotate PK|KEK|db|ENTITY [options]
       trustme-pki uefi kit FOLDER [options]

show: what signature lists (.esl) and updates (.auth) say, ours or not; without FILE those of the directory.
add: certificates, vendors' lists and updates, hashes, EFI binaries by their hash; one update for all of them.
remove: takes entries out again; "remove PK" makes noPK.auth, which brings a machine back to set-up mode.
rotate: a new key; the old certificate stays in the list beside the new one until "rotate NAME --finish".
kit: a folder with what firmware menus, KeyTool, systemd-boot, EDK2 builds and virt-fw-vars take.

"trustme-pki uefi SUBVERB --help" lists the options of each.`;

interface Subverb {
  readonly summary: string;
  readonly load: () => Promise<(context: VerbContext) => Promise<number>>;
}

export const SUBVERBS: Readonly<Record<string, Subverb>> = {
  show: { summary: 'what lists and updates say', load: async () => (await import('./uefi-show.ts')).uefiShow },
  add: { summary: 'entries for a list', load: async () => (await import('./uefi-change.ts')).uefiAdd },
  remove: { summary: 'entries out of a list', load: async () => (await import('./uefi-change.ts')).uefiRemove },
  rotate: { summary: 'a new key for a variable', load: async () => (await import('./uefi-rotate.ts')).uefiRotate },
  kit: { summary: 'a folder for firmware and its tools', load: async () => (await import('./uefi-kit.ts')).uefiKit },
};

export async function uefiVerb(context: VerbContext): Promise<number> {
  const [word, ...words] = context.words;
  if (word === '--help' || word === '-h' || word === 'help') return context.print(HELP);
  const names = Object.keys(SUBVERBS);
  if (word === undefined || !Object.hasOwn(SUBVERBS, word)) {
    const close = word === undefined ? undefined : nearest(word, names);
    throw new UsageError(
      word === undefined ? 'uefi: what is to be done is missing' : `"uefi ${word}" is nothing that is known`,
      close ? `did you mean "uefi ${close}"?` : `usage: trustme-pki uefi ${names.join('|')} ...`,
    );
  }
  return (await SUBVERBS[word]!.load())({ ...context, words });
}
