// `trustme-pki issue CA NAME`: key and certificate from a CA.
import { resolve } from 'node:path';
import { issue } from '../lib/authority/issue.ts';
import { openAuthority } from '../lib/authority/open.ts';
import { UsageError } from '../lib/errors.ts';
import { parseKeyType, refuseWeakRsa } from '../lib/model/key-type.ts';
import { parseWords, textOf } from '../options.ts';
import {
  DIRECTORY_HELP,
  DIRECTORY_OPTIONS,
  noteTo,
  openToWrite,
  PASSWORD_VARIABLE,
  RELEASE_HELP,
  readDays,
  readOutputFolder,
  readPasswordVariable,
} from './directory.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...DIRECTORY_OPTIONS,
  profile: { type: 'string' },
  subject: { type: 'string' },
  san: { type: 'string', multiple: true },
  days: { type: 'string' },
  'key-type': { type: 'string' },
  'output-dir': { type: 'string' },
  p12: { type: 'boolean' },
  'password-env': { type: 'string' },
} as const;

const HELP = `usage: trustme-pki issue CA NAME [options]

Makes NAME.key (mode 0600) and NAME.cert (with its chain) from a CA of the directory. Nothing is overwritten.

  --profile P        a profile of the CA, [issued P] (default: [issued])
  --subject DN       "C=DE, O=Firm, CN=name" (default: that of the CA, with NAME for its common name)
  --san KIND:VALUE   a name, repeatable: DNS:host, IP:address, URI:uri, email:a@b
  --days N           validity (default: what the profile says, as long as the CA lasts)
  --key-type T       rsa:BITS, ec:CURVE, or an algorithm such as ed25519 (default: that of the CA's key)
  --output-dir DIR   where the files go (default: the PKI directory)
  --p12              NAME.p12, too; its password stands in ${PASSWORD_VARIABLE}
  --password-env V   or in the variable V
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki issue backend_subca mdm --san DNS:mdm.example.org`;

export async function issueVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki issue', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [ca, name, extra] = positionals;
  if (ca === undefined || name === undefined || extra !== undefined)
    throw new UsageError(
      extra === undefined ? 'CA or NAME is missing' : `unexpected "${extra}"`,
      'usage: trustme-pki issue CA NAME',
    );
  if (!/^[A-Za-z0-9][A-Za-z0-9_.@-]*$/.test(name))
    throw new UsageError(`NAME "${name}" cannot be a file name here`, 'give letters, digits, "_", "-", "." and "@"');
  const keyType = textOf(given, 'key-type');
  const options = {
    name,
    profile: textOf(given, 'profile') ?? '',
    subject: textOf(given, 'subject'),
    names: (given.san as string[] | undefined) ?? [],
    days: readDays(given),
    keyType: keyType === undefined ? undefined : parseKeyType(keyType),
    passwordVariable: given.p12 ? readPasswordVariable(given, context.environment, noteTo(context, given)) : undefined,
  };
  if (options.keyType) refuseWeakRsa(options.keyType, undefined);
  const outputFolder = readOutputFolder(given);
  const open = await openToWrite(context, given);
  const folder = resolve(outputFolder ?? open.directory.path);
  if (folder === open.directory.path && open.settings.configuration.hierarchy.has(name))
    throw new UsageError(
      `"${name}" is an entity of the configuration, whose files have that name`,
      'give another NAME, or another --output-dir',
    );
  const authority = await openAuthority(open, ca, context.controller, noteTo(context, given));
  try {
    const issued = await issue(authority, { ...options, folder });
    if (given.json) return context.print(JSON.stringify({ schema: 1, ca, ...issued }));
    return given.quiet ? 0 : context.print(`${name}: ${issued.files.join(', ')} (${ca}, serial ${issued.serial})`);
  } finally {
    authority.close();
  }
}
