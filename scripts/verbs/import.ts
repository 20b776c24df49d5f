// `trustme-pki import ENTITY CERT`: a certificate that was made elsewhere joins its directory.
import { authoritiesOf, openDirectory } from '../lib/authority/open.ts';
import { importAwaited } from '../lib/ceremony/await.ts';
import { type ImportChoice, importCertificate } from '../lib/ceremony/import.ts';
import { placeOf } from '../lib/ceremony/request.ts';
import { UsageError } from '../lib/errors.ts';
import { formatOutcome } from '../lib/generate/summary.ts';
import { finishBefore } from '../lib/run/interrupted.ts';
import { makeReport } from '../lib/run/report.ts';
import { isAwaited } from '../lib/store/requests.ts';
import { parseWords } from '../options.ts';
import { RELEASE_HELP } from './directory.ts';
import { GENERATE_OPTIONS, readGenerateOptions } from './generate.ts';
import { whatIsLeft } from './renew.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...GENERATE_OPTIONS,
  cascade: { type: 'boolean' },
  'accept-differences': { type: 'boolean' },
  release: { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki import ENTITY CERT [options]

Takes in the certificate that a request of "trustme-pki request" got on another machine. It has to be for the key of the
request, issued by the issuer that the directory knows, and what was asked for; chains, exports, UEFI lists follow as
after "renew". Of a PKI that is not there yet, the last certificate has everything else made.

  --accept-differences
                     take it although it says otherwise than was asked for
  --cascade          renew what is below it: entities, and what "issue" made
  --key-type T, --brand B, --platform-keys, --force-weak, --generate-token-keys, --jobs N
                     of a PKI that is not there yet, as for generate; else as "request" was told
  --rehearse         make the whole PKI of the configuration first, with keys that are thrown away, verify it, and hold
                     the certificate against the one that was made there
  --dir DIR          the PKI directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --json             print the result as JSON
  --quiet            print nothing but errors
${RELEASE_HELP}

example: trustme-pki import device_subca device_subca.cert --conf offline-root --dir pki`;

export async function importVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki import', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [name, certificate, ...others] = positionals;
  if (name === undefined || certificate === undefined || others.length > 0)
    throw new UsageError(
      others.length > 0 ? `unexpected "${others[0]}"` : `${name === undefined ? 'ENTITY' : 'CERT'} is missing`,
      'usage: trustme-pki import ENTITY CERT',
    );
  const options = readGenerateOptions(given, context.environment);
  const isReleaseAllowed = given.release === true;
  const outDir = placeOf({ ...options, isReleaseAllowed });
  const choice: ImportChoice = {
    name,
    certificate,
    isCascading: given.cascade === true,
    acceptsDifferences: given['accept-differences'] === true,
  };
  const report = makeReport(context.stderr, given.quiet === true);
  try {
    // The one that brought the last certificate may have been killed while it published what that completes.
    await finishBefore(outDir, context.controller.signal, text => report.note(text));
    if (isAwaited(outDir)) {
      const awaited = await importAwaited({ ...options, outDir }, choice, report, context.controller);
      report.end();
      if (given.json) return context.print(JSON.stringify({ schema: 1, name, ...awaited }));
      const rest = awaited.generated ? formatOutcome(awaited.generated) : `waiting for: ${awaited.waiting.join(', ')}`;
      return given.quiet ? 0 : context.print(`${told(name, awaited)}\n${rest}`);
    }
    const open = openDirectory(
      {
        dir: options.outDir,
        isReleaseAllowed,
        configurationFolders: options.configurationFolders,
        environment: options.environment,
      },
      true,
    );
    const { imported, failure } = await importCertificate(open, choice, options, report, context.controller);
    report.end();
    const isAuthority = (stem: string) => authoritiesOf(open).some(each => each.stem === stem);
    const visible = imported.files.filter(file => !file.startsWith('.pki/'));
    const changed = visible.length > 0 ? `changed: ${visible.join(', ')}` : 'it was there already';
    if (given.json) context.print(JSON.stringify({ schema: 1, name, ...imported }));
    else if (!given.quiet)
      context.print([told(name, imported), changed, ...whatIsLeft(imported, isAuthority)].join('\n'));
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    report.end();
  }
}

function told(name: string, { sha256, keySha256, differences }: Told): string {
  const different = differences === '' ? '' : `\n  not as asked for: ${differences}`;
  return `${name}\n  certificate SHA-256 ${sha256}\n  key         SHA-256 ${keySha256}${different}`;
}

interface Told {
  readonly sha256: string;
  readonly keySha256: string;
  readonly differences: string;
}
