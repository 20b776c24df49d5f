// `trustme-pki revoke CERT…`: takes certificates out of use, for ever or until they are released.
import { refuseWithoutKey } from '../lib/authority/directory-key.ts';
import { openAuthority } from '../lib/authority/open.ts';
import { type Changed, findTarget, REASONS, revoke, type Target } from '../lib/authority/revoke.ts';
import { UsageError } from '../lib/errors.ts';
import { parseTime } from '../lib/model/values.ts';
import { wholeSerial } from '../lib/store/database-rows.ts';
import { readPkiDirectory } from '../lib/store/directory.ts';
import { parseWords, textOf } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, noteTo, openToWrite, RELEASE_HELP, readWord } from './directory.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = { ...DIRECTORY_OPTIONS, reason: { type: 'string' }, 'invalidity-date': { type: 'string' } } as const;

const HELP = `usage: trustme-pki revoke CERT... [options]

Revokes certificates. CERT is a file, a serial number (hexadecimal), or the name of a certificate of the directory.
Readers learn of it by the next revocation list ("trustme-pki crl") or an OCSP answer.

  --reason R         ${REASONS.slice(0, 4).join(', ')},
                     ${REASONS.slice(4).join(', ')}
                     (certificateHold can be undone: removeFromCRL; of what is revoked already, keyCompromise
                     and CACompromise change the reason)
  --invalidity-date T
                     when the key was compromised: 2026-12-31 or 2026-12-31T23:59:59Z
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki revoke device-0815.cert --reason keyCompromise && trustme-pki crl device_subca`;

type Done = Omit<Target, 'certificate'> & Changed;

export async function revokeVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki revoke', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  if (positionals.length === 0) throw new UsageError('CERT is missing', 'usage: trustme-pki revoke CERT...');
  const reason = readWord(given, 'reason', REASONS) ?? 'unspecified';
  const revocation = { reason, invalidity: readInvalidity(textOf(given, 'invalidity-date'), reason) };
  const open = await openToWrite(context, given);
  const targets = positionals.map(word => findTarget(open, word));
  const authorities = new Set(targets.map(target => target.ca));
  // All are asked before the first database is written.
  for (const ca of authorities) refuseWithoutKey(open, ca);
  const done: Done[] = [];
  for (const ca of authorities) {
    const authority = await openAuthority(open, ca, context.controller, noteTo(context, given));
    try {
      // What a name means may have been renewed while this waited for the CA.
      const now = { ...open, directory: readPkiDirectory(open.directory.path) };
      const own = targets.filter(target => target.ca === ca).map(({ given: word }) => findTarget(now, word));
      const results = revoke(authority, own, revocation, new Date());
      done.push(
        ...own.map(({ given: word, serial }, i) => ({ given: word, ca, serial: wholeSerial(serial), ...results[i]! })),
      );
    } finally {
      authority.close();
    }
  }
  if (given.json) return context.print(JSON.stringify({ schema: 1, certificates: done }));
  for (const { given: word, ca, serial, result, reason: stands } of done) {
    const why = result === 'reason changed' || (result === 'already revoked' && stands !== reason) ? `: ${stands}` : '';
    if (!given.quiet) context.print(`${word}: ${result}${why} (${ca}, serial ${serial})`);
  }
  noteTo(context, given)(`trustme-pki: next: trustme-pki crl ${[...new Set(done.map(({ ca }) => ca))].join(' ')}`);
  return 0;
}

function readInvalidity(text: string | undefined, reason: string): Date | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (!time || time > new Date())
    throw new UsageError(
      `--invalidity-date "${text}" is no time in the past`,
      'give 2026-12-31 or 2026-12-31T23:59:59Z',
    );
  if (reason === 'keyCompromise' || reason === 'CACompromise') return time;
  throw new UsageError('--invalidity-date goes with a compromised key', 'give --reason keyCompromise or CACompromise');
}
