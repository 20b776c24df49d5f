// `trustme-pki crl [CA…]`: new revocation lists.
import { resolve } from 'node:path';
import { refuseList } from '../lib/authority/configuration.ts';
import { type Crl, writeCrl } from '../lib/authority/crl.ts';
import { refuseWithoutKey } from '../lib/authority/directory-key.ts';
import { formerSigners } from '../lib/authority/former-keys.ts';
import { authoritiesOf, findAuthority, type OpenDirectory, openAuthority } from '../lib/authority/open.ts';
import { refuseMalformed } from '../lib/authority/sound-database.ts';
import { StateError } from '../lib/errors.ts';
import { refuseNoPki } from '../lib/store/no-pki.ts';
import { parseWords } from '../options.ts';
import {
  DIRECTORY_HELP,
  DIRECTORY_OPTIONS,
  noteTo,
  openToWrite,
  RELEASE_HELP,
  readDays,
  readOutputFolder,
} from './directory.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = { ...DIRECTORY_OPTIONS, days: { type: 'string' }, 'output-dir': { type: 'string' } } as const;

const HELP = `usage: trustme-pki crl [CA...] [options]

Writes revocation lists as CA.crl (PEM) and CA.crl.der, each with a higher number than the one before. Without CA: of
every CA whose key is in the directory. After "rekey", CA.SERIAL.crl, too, as long as the certificate SERIAL of the old
key is valid: the same list by that key, for those who have the old chain.

  --days N           until the next list (default: crl-days of the configuration)
  --output-dir DIR   where to write them (default: the PKI directory)
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki crl --days 7 --output-dir /srv/www/crl`;

export async function crlVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki crl', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const days = readDays(given);
  const outputFolder = readOutputFolder(given);
  const open = await openToWrite(context, given);
  refuseNoPki(open.directory, open.options.dir);
  const folder = resolve(outputFolder ?? open.directory.path);
  const note = noteTo(context, given);
  const names = positionals.length > 0 ? await named(open, positionals) : await withKeys(open, note);
  if (names.length === 0)
    throw new StateError(
      `no key of a CA is in "${open.options.dir}": no list was made`,
      'make lists where the keys are',
    );
  const lists: Crl[] = [];
  for (const ca of names) {
    const authority = await openAuthority(open, ca, context.controller, note);
    try {
      refuseMalformed(authority.path, ca);
      for (const signer of [undefined, ...formerSigners(authority.open, ca, note)])
        lists.push(await writeCrl(authority, folder, days, signer));
    } finally {
      authority.close();
    }
  }
  if (given.json) return context.print(JSON.stringify({ schema: 1, lists }));
  if (!given.quiet)
    for (const { ca, files, number, former } of lists) {
      const by = former === undefined ? '' : `, by the old key of the certificate ${former}`;
      context.print(`${ca}: ${files.join(', ')} (number ${number}${by})`);
    }
  return 0;
}

/** All are looked at before the first list is written. */
async function named(open: OpenDirectory, words: readonly string[]): Promise<string[]> {
  const names = [...new Set(words)];
  for (const ca of names.map(each => findAuthority(open, each))) {
    refuseWithoutKey(open, ca.stem);
    const refusal = await refuseList(open, ca);
    if (refusal) throw refusal;
  }
  return names;
}

async function withKeys(open: OpenDirectory, note: (text: string) => void): Promise<string[]> {
  const names: string[] = [];
  for (const ca of authoritiesOf(open).filter(({ stem }) => open.directory.keys.has(stem))) {
    const refusal = await refuseList(open, ca);
    if (refusal) note(`trustme-pki: ${refusal.message}; ${refusal.hint}`);
    else names.push(ca.stem);
  }
  return names;
}
