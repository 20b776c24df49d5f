// `trustme-pki request ENTITY…`: requests for certificates that are made where the issuer's key is.
import { rehearseFor } from '../lib/ceremony/rehearse.ts';
import { placeOf, requestCertificates } from '../lib/ceremony/request.ts';
import { UsageError } from '../lib/errors.ts';
import { makeReport } from '../lib/run/report.ts';
import { parseWords } from '../options.ts';
import { RELEASE_HELP, readOutputFolder } from './directory.ts';
import { GENERATE_OPTIONS, readGenerateOptions } from './generate.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...GENERATE_OPTIONS,
  rekey: { type: 'boolean' },
  'output-dir': { type: 'string' },
  release: { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki request ENTITY... [options]

For certificates of CAs whose key is on another machine. Makes ENTITY.csr, for the key that the directory has or a new
one, and ENTITY.request.txt, which says in words what is asked for; prints the fingerprints to compare. A directory that
is not there is begun with the requests: when "trustme-pki import" has taken in the last certificate, the rest is made.

  --rekey            for a new key, where there is one
  --output-dir DIR   put both files there, too
  --key-type T, --brand B, --platform-keys, --force-weak, --jobs N
                     of a PKI that is not there yet, as for generate; --key-type also of a new key
  --generate-token-keys
                     make keys that are to be in a token and are not there yet
  --rehearse         make the whole PKI of the configuration first, with keys that are thrown away, and verify it
  --dir DIR          the PKI directory (TRUSTME_PKI_DIR; else ./test_certificates)
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --json             print the result as JSON
  --quiet            print nothing but errors
${RELEASE_HELP}

example: trustme-pki request device_subca --conf offline-root --dir pki`;

export async function requestVerb(context: VerbContext): Promise<number> {
  const { given, positionals: names } = parseWords('trustme-pki request', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  if (names.length === 0) throw new UsageError('ENTITY is missing', 'usage: trustme-pki request ENTITY...');
  const outputDir = readOutputFolder(given);
  const options = { ...readGenerateOptions(given, context.environment), isReleaseAllowed: given.release === true };
  const report = makeReport(context.stderr, given.quiet === true);
  try {
    if (options.isRehearsed) await rehearseFor(placeOf(options), options, report, context.controller);
    const choice = { names, isRekeyed: given.rekey === true, outputDir };
    const made = await requestCertificates(options, choice, report, context.controller);
    report.end();
    if (given.json) return context.print(JSON.stringify({ schema: 1, requests: made }));
    if (given.quiet) return 0;
    const lines = made.map(
      each =>
        `${each.request}\n  request SHA-256 ${each.sha256}\n  key     SHA-256 ${each.keySha256}\n  asks for what ${each.description} says`,
    );
    return context.print(lines.join('\n'));
  } finally {
    report.end();
  }
}
