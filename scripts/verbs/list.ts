// `trustme-pki list CA`: what a CA issued.
import { readRows } from '../lib/authority/database.ts';
import { readEntriesOf } from '../lib/authority/ledger.ts';
import { formatCsv, formatIssued, issuedOf, isWanted, STATUSES } from '../lib/authority/list.ts';
import { refuseWithoutDatabase } from '../lib/authority/old-directory.ts';
import { findAuthority, openDirectory } from '../lib/authority/open.ts';
import { UsageError } from '../lib/errors.ts';
import { DAY } from '../lib/model/validity.ts';
import { parseWords, textOf } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, readDays, readDirectoryOptions, readWord } from './directory.ts';
import type { VerbContext } from './verb.ts';

const { release: _, ...SHARED } = DIRECTORY_OPTIONS;
const OPTIONS = {
  ...SHARED,
  status: { type: 'string' },
  subject: { type: 'string' },
  'expires-within': { type: 'string' },
  csv: { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki list CA [options]

Lists what a CA issued: status, end of validity, serial number, subject; time and reason of a revocation;
with --json and --csv the SHA-256 of the request, too.

  --status S         valid, revoked or expired ones alone
  --subject TEXT     those alone whose subject has this text
  --expires-within DAYS
                     valid ones alone that expire by then
  --csv              comma-separated values (RFC 4180)
${DIRECTORY_HELP}

example: trustme-pki list device_subca --status revoked --csv >revoked.csv`;

export async function listVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki list', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [ca, extra] = positionals;
  if (ca === undefined || extra !== undefined)
    throw new UsageError(ca === undefined ? 'CA is missing' : `unexpected "${extra}"`, 'usage: trustme-pki list CA');
  const status = readWord(given, 'status', STATUSES);
  const open = openDirectory(readDirectoryOptions(given, context.environment), false);
  findAuthority(open, ca);
  const { path } = open.directory;
  refuseWithoutDatabase(open.directory, ca);
  const days = readDays(given, 'expires-within');
  const now = new Date();
  const before = days === undefined ? undefined : new Date(now.getTime() + days * DAY);
  const filter = { status, subject: textOf(given, 'subject'), before };
  const rows = readRows(path, ca, row => isWanted(row, filter, now));
  const serials = new Set(given.json || given.csv ? rows.map(({ serial }) => serial) : []);
  const requests = serials.size > 0 ? readEntriesOf(path, ca, serials) : new Map<string, never>();
  const issued = issuedOf(rows, requests, now);
  if (given.json) return context.print(JSON.stringify({ schema: 1, ca, issued }));
  if (given.csv) return context.print(formatCsv(issued));
  return issued.length === 0 ? 0 : context.print(formatIssued(issued));
}
