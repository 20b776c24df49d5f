// `trustme-pki renew NAME…`, `trustme-pki rekey NAME…`: new certificates with the same key, or with new ones.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { publishHint } from '../lib/authority/former-keys.ts';
import { authoritiesOf, openDirectory } from '../lib/authority/open.ts';
import { UsageError } from '../lib/errors.ts';
import { renew, type SessionOutcome } from '../lib/renewal/chosen.ts';
import type { Hindrance } from '../lib/renewal/hindrance.ts';
import { makeReport } from '../lib/run/report.ts';
import { formatFieldUpdates } from '../lib/secure-boot/format.ts';
import { refuseNoPki } from '../lib/store/no-pki.ts';
import { type Given, parseWords } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, RELEASE_HELP, readDays, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = { ...DIRECTORY_OPTIONS, cascade: { type: 'boolean' } } as const;
const REKEY_OPTIONS = { ...OPTIONS, 'generate-token-keys': { type: 'boolean' } } as const;
const RENEW_OPTIONS = { ...OPTIONS, expiring: { type: 'string' } } as const;

const COMMON_HELP = `${DIRECTORY_HELP}
${RELEASE_HELP}`;

const RENEW_HELP = `usage: trustme-pki renew NAME... [options]
       trustme-pki renew --expiring DAYS [options]

Makes new certificates for the keys that are there, by the configuration that the directory was made with, and puts them
in the place of the old ones; files that contain them (chains, exports, signature lists and updates) are made again. Old
certificates stay valid, in the database and in .pki/retired; no one is revoked. A validity is what the configuration or
the profile says, whatever --days the old one was issued with, and ends with that of its issuer.

For UEFI db and KEK, NAME.append.auth adds the new certificate on machines that have the old one; for PK, PK.update.auth
replaces it. The old keys sign them: machines take that of db first, then that of KEK, and that of PK in the end.

  --expiring DAYS    all that expire by then; none is no failure
  --cascade          what is below a CA, too
${COMMON_HELP}

example: trustme-pki renew --expiring 90`;

const REKEY_HELP = `usage: trustme-pki rekey NAME... [options]

Makes new keys and new certificates for them. The old keys, where they are there, move to .pki/retired. A new key of a CA makes worthless what
is below it: --cascade renews that. What "issue" and "sign-csr" made has to be made again. A new key is of the kind
that a configuration folder says which is given, else of that of the old one.

  --cascade          renew what is below a CA
  --generate-token-keys
                     make keys that are to be in a token and are not there yet
${COMMON_HELP}

example: trustme-pki rekey backend`;

export const renewVerb = (context: VerbContext): Promise<number> => run(context, false);
export const rekeyVerb = (context: VerbContext): Promise<number> => run(context, true);

async function run(context: VerbContext, isRekeyed: boolean): Promise<number> {
  const verb = `trustme-pki ${isRekeyed ? 'rekey' : 'renew'}`;
  const { given, positionals: names } = parseWords(verb, context.words, isRekeyed ? REKEY_OPTIONS : RENEW_OPTIONS);
  if (given.help) return context.print(isRekeyed ? REKEY_HELP : RENEW_HELP);
  const expiring = readDays(given, 'expiring');
  if (expiring === undefined ? names.length === 0 : names.length > 0)
    throw new UsageError(
      names.length === 0 ? 'NAME is missing' : '--expiring goes without NAME',
      `usage: ${verb} NAME...${isRekeyed ? '' : `, or ${verb} --expiring DAYS`}`,
    );
  return runRenewal(context, given, { names, expiring, isRekeyed });
}

interface Wanted {
  readonly names: readonly string[];
  readonly expiring?: number | undefined;
  readonly isRekeyed?: boolean;
  /** New keys, and the old certificates stay in UEFI lists. */
  readonly isRotation?: boolean;
}

/** Renews, and prints what was made. */
export async function runRenewal(
  context: VerbContext,
  given: Given,
  { names, expiring, isRekeyed = false, isRotation = false }: Wanted,
): Promise<number> {
  const open = openDirectory(readDirectoryOptions(given, context.environment), true);
  refuseNoPki(open.directory, open.options.dir);
  const report = makeReport(context.stderr, given.quiet === true);
  try {
    const options = {
      names: [...new Set(names)],
      expiring,
      isCascading: given.cascade === true,
      isRekeyed: isRekeyed || isRotation,
      isKeepingFormer: isRotation,
      width: availableParallelism(),
      mayGenerateInTokens: given['generate-token-keys'] === true,
    };
    const { outcome, failure } = await renew(open, options, report, context.controller);
    report.end();
    const isAuthority = (name: string) => authoritiesOf(open).some(({ stem }) => stem === name);
    if (given.json) context.print(JSON.stringify({ schema: 1, ...outcome }));
    else if (!given.quiet) {
      const stale = outcome.renewed.filter(({ name }) => existsSync(join(open.directory.path, `${name}.p12`)));
      context.print([describe(outcome, expiring, isAuthority), ...stale.map(keystoreHint)].join('\n'));
    }
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    report.end();
  }
}

/** What is below names the serial number of the new root CA (RFC 5280 4.2.1.1): with the old one alone it is refused. */
const anchorHint = (name: string): string =>
  `${name}: readers need the new certificate, too, before they meet what was renewed: trustme-pki export anchors`;

/** What `issue --p12` made: its password is not here, and readers may hold the file. */
const keystoreHint = ({ name }: { readonly name: string }): string =>
  `${name}.p12 has the old certificate: move it away, and make another one: trustme-pki export pkcs12 ${name} --output ${name}.p12`;

function describe(
  outcome: SessionOutcome,
  expiring: number | undefined,
  isAuthority: (name: string) => boolean,
): string {
  const { renewed, files, fieldUpdates, hindered } = outcome;
  if (renewed.length === 0) return hindered.map(staysAsIs).join('\n') || `nothing expires within ${expiring} days`;
  const visible = files.filter(file => !file.startsWith('.pki/'));
  return [
    ...renewed.map(({ name, issuer, serial, notAfter, retiredKey }) => {
      const key = retiredKey === undefined ? '' : `; the old key is ${retiredKey}`;
      return `${name}: until ${notAfter} (${issuer}, serial ${serial})${key}`;
    }),
    `changed: ${visible.join(', ')}`,
    ...formatFieldUpdates(fieldUpdates),
    ...whatIsLeft(outcome, isAuthority),
  ].join('\n');
}

const staysAsIs = ({ name, reason, hint }: Hindrance): string => `${name} stays as it is: ${reason}; ${hint}`;

/** What stays as it was, and what is to be done about what was made. */
export const whatIsLeft = (
  { renewed, hindered, dependants, elsewhere }: SessionOutcome,
  isAuthority: (name: string) => boolean,
): string[] => [
  ...hindered.map(staysAsIs),
  ...(dependants.length > 0 ? [`below, as they were: ${dependants.join(', ')}`] : []),
  ...Object.entries(elsewhere).map(
    ([ca, count]) =>
      `${ca}: ${count} valid certificates of requests; to sign those again: trustme-pki sign-csr --again`,
  ),
  ...renewed.filter(({ name, issuer }) => name === issuer && isAuthority(name)).map(({ name }) => anchorHint(name)),
  ...renewed.flatMap(({ name, retiredKey }) =>
    retiredKey !== undefined && isAuthority(name) ? [publishHint(name, basename(retiredKey, '.key'))] : [],
  ),
];
