// `trustme-pki sign-csr CA REQUEST…`: certificates for requests.
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { openAuthority } from '../lib/authority/open.ts';
import { formatProgress, formatRefused, formatResults, readOrders } from '../lib/authority/orders.ts';
import { recordAuthorities, requireProtocol } from '../lib/authority/protocol.ts';
import { signRequests } from '../lib/authority/sign-requests.ts';
import { UsageError } from '../lib/errors.ts';
import { parseWords, textOf } from '../options.ts';
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

const OPTIONS = {
  ...DIRECTORY_OPTIONS,
  profile: { type: 'string' },
  days: { type: 'string' },
  'output-dir': { type: 'string' },
  'leaf-only': { type: 'boolean' },
  'same-key': { type: 'boolean' },
  again: { type: 'boolean' },
  blocklist: { type: 'string', multiple: true },
} as const;

/** Requests from which on memory is worth more than a few per cent of time. */
const MANY = 20_000;

const HELP = `usage: trustme-pki sign-csr CA REQUEST... [options]

Signs certification requests (PKCS #10, PEM or DER; folders: every .csr, .der, .req and .pem file in them). The
certificate of NAME.csr is NAME.cert beside it, with its chain. What cannot be signed is told and stops nothing else; a
request that was signed before gets its certificate again. Exit 1 where one was refused.

  --profile P        a profile of the CA, [issued P] (default: [issued])
  --days N           validity (default: what the profile says, as long as the CA lasts)
  --output-dir DIR   where certificates go
  --leaf-only        without the chain
  --same-key         also where a key has a certificate already
  --again            also what was signed before: to renew certificates, into another folder
  --blocklist FILE   keys that get none, repeatable: the SHA-256 of a DER public key on each line
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki sign-csr device_subca requests/ --output-dir certificates`;

export async function signCsrVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki sign-csr', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [ca, ...words] = positionals;
  if (ca === undefined || words.length === 0)
    throw new UsageError(
      ca === undefined ? 'CA is missing' : 'REQUEST is missing',
      'usage: trustme-pki sign-csr CA REQUEST...',
    );
  const folder = readOutputFolder(given);
  const orders = readOrders(words, folder);
  // Collected late, what a hundred thousand requests leave would fill hundreds of megabytes.
  if (orders.length > MANY) setFlagsFromString('--heap-growing-percent=20');
  const options = {
    profile: textOf(given, 'profile') ?? '',
    days: readDays(given),
    isLeafOnly: given['leaf-only'] === true,
    isSameKeyAllowed: given['same-key'] === true,
    isAgain: given.again === true,
    blocklists: (given.blocklist as string[] | undefined) ?? [],
    width: availableParallelism(),
  };
  const note = noteTo(context, given);
  const open = await openToWrite(context, given);
  const authority = await openAuthority(open, ca, context.controller, note);
  try {
    requireProtocol(authority, options.profile);
    const start = Date.now();
    const results = await signRequests(
      authority,
      orders,
      options,
      done => done < orders.length && note(formatProgress(done, orders.length, start)),
    );
    // Certificates of CAs are compared by people.
    for (const line of await recordAuthorities(authority, results)) note(line);
    if (given.json) context.print(JSON.stringify({ schema: 1, ca, results }));
    else if (!given.quiet) context.print(formatResults(results));
    else for (const line of formatRefused(results)) context.stderr.write(`${line}\n`);
    return results.some(({ result }) => result === 'refused') ? 1 : 0;
  } finally {
    authority.close();
  }
}
