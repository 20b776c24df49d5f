// `trustme-pki sign efi|config|module|ima FILE…`: artifacts signed with keys of a PKI directory, of files, or of tokens.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { resultsOfConfig, signConfig } from '../lib/artifact/config.ts';
import { signEfi } from '../lib/artifact/efi.ts';
import { warningOfCertificate } from '../lib/artifact/firmware-key.ts';
import { signIma } from '../lib/artifact/ima.ts';
import { warningForKernel } from '../lib/artifact/kernel-key.ts';
import { signModule } from '../lib/artifact/module.ts';
import { openSigner, type Signer } from '../lib/artifact/signer.ts';
import { signerFromFiles } from '../lib/artifact/signer-files.ts';
import { openDirectory } from '../lib/authority/open.ts';
import { afterwards, printable, UsageError } from '../lib/errors.ts';
import { findSignFile } from '../lib/run/sign-file.ts';
import { requireTools } from '../lib/run/tools.ts';
import { sideBySide } from '../lib/run/workers.ts';
import { describeCertificate } from '../lib/store/certificate-facts.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import { ARTIFACT_OPTIONS, type Kind, readArtifacts, SIGNERS } from './artifacts.ts';
import { DIRECTORY_HELP, noteTo, readDirectoryOptions, readWord } from './directory.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...ARTIFACT_OPTIONS,
  config: { type: 'string', short: 'c' },
  key: { type: 'string', short: 'k' },
  cert: { type: 'string' },
  'passphrase-env': { type: 'string', short: 'p' },
  digest: { type: 'string' },
  'in-place': { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki sign efi|config|module|ima FILE... [options]
       trustme-pki sign config -c FILE -k KEY --cert CERT [-p NAME] [--cms]

efi: signs kernels and boot loaders by sbsign, into FILE.signed; openssl proves each signature before that appears.
config: signs GuestOS and container configurations; NAME.conf gets NAME.sig (RSA-PSS or ECDSA, SHA-512) and NAME.cert,
the signer's certificate with its chain; or NAME.p7s. Results of an earlier run are replaced, the files stay as they are.
module: signs kernel modules, into FILE.signed; needs the kernel's sign-file.
ima: FILE.sig gets what the attribute security.ima is to hold; needs evmctl.

  --signer ENTITY    who signs (efi, module, ima: ssig_subca, config: ssig_cml); for efi repeatable, a signature each
  --cms              config: one CMS signature (PEM), NAME.p7s
  --output FILE      where to write it (config: without extension); for one FILE
  --in-place         efi, module: the signed file takes the place of FILE, or of what that is a link to
  --digest D         module, ima: sha256 (default), sha384 or sha512
  -k, --key KEY      sign with a key of one's own: a file, or pkcs11:token=T;object=O
      --cert CERT    its certificate (PEM), the chain after it
  -p, --passphrase-env NAME
                     the variable with passphrase or PIN of KEY, never that itself
  -c, --config FILE  config: the same as FILE
${DIRECTORY_HELP}

example: trustme-pki sign efi bzImage --output bootx64.efi`;

const TOOLS: Readonly<Record<Kind, readonly string[]>> = {
  efi: ['sbsign'],
  config: [],
  module: [],
  ima: ['evmctl'],
};

export async function signVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki sign', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [kind, files] = readArtifacts('sign', given, positionals);
  if (given['in-place'] && (given.output !== undefined || !['efi', 'module'].includes(kind)))
    throw new UsageError('--in-place is for efi and module, without --output', 'leave it out');
  const digest = readWord(given, 'digest', ['sha256', 'sha384', 'sha512']) ?? 'sha256';
  const signers = readSigners(context, given, kind);
  const [signer, other] = signers;
  if (kind !== 'efi' && other) throw new UsageError(`sign ${kind} has one signer`, 'give --signer once');
  requireTools([], context.environment, TOOLS[kind]);
  const signFile = kind === 'module' ? findSignFile(context.environment) : '';
  const target = given.output === undefined ? undefined : resolve(textOf(given, 'output')!);
  const results = (file: string): string[] => {
    if (kind === 'config') return resultsOfConfig(file, target, given.cms === true);
    return [target ?? (given['in-place'] ? realpathSync(file) : `${file}.${kind === 'ima' ? 'sig' : 'signed'}`)];
  };
  refuseCollisions(files, results);
  const done = new Set<string>();
  const print = () => {
    const written = files.filter(file => done.has(file)).flatMap(results);
    const names = signers.map(({ certificate }) => certificate.stem);
    if (given.json) context.print(JSON.stringify({ schema: 1, signer: names, files: written }));
    else if (!given.quiet && written.length > 0) context.print(written.join('\n'));
  };
  try {
    await sideBySide(files, async file => {
      const [signed] = results(file) as [string];
      if (kind === 'config') await signConfig(file, target, given.cms === true, signer!);
      if (kind === 'efi') await signEfi(file, signed, signers);
      if (kind === 'module') await signModule(file, signed, digest, signFile, signer!);
      if (kind === 'ima') await signIma(file, signed, digest, signer!);
      done.add(file);
    });
  } catch (error) {
    if (done.size === 0) throw error;
    print();
    throw afterwards(error, `${done.size} of ${files.length} files were signed before, and stay`);
  }
  print();
  warnOfKeys(signers, kind, noteTo(context, given));
  return 0;
}

/** What signs does so with keys, too, that not every reader verifies: few firmware, old kernels, sbverify. */
function warnOfKeys(signers: readonly Signer[], kind: Kind, note: (text: string) => void): void {
  if (kind === 'config') return;
  const warningOf = kind === 'efi' ? warningOfCertificate : warningForKernel;
  for (const { certificate } of signers) {
    const warning = warningOf(certificate.certificate);
    if (warning !== undefined) note(`trustme-pki: warning: ${printable(warning)}`);
    if (kind !== 'efi') continue;
    const usage = describeCertificate(certificate.certificate.raw).extensions.get('keyUsage');
    if (usage !== undefined && !/digitalSignature|nonRepudiation/.test(usage))
      note(
        `trustme-pki: warning: ${certificate.stem} has no digitalSignature in its keyUsage: firmware takes its signature, sbverify does not`,
      );
  }
}

/** No result may take the place of another, or of what is still to be signed. */
function refuseCollisions(files: readonly string[], results: (file: string) => readonly string[]): void {
  const taken = new Set<string>();
  for (const file of files)
    for (const result of results(file)) {
      if (taken.has(result) || (result !== file && files.includes(result)))
        throw new UsageError(
          `"${result}" would be written for "${file}", and is a file to be signed or the result of another`,
          'name each file once, and sign those whose results have one name in folders of their own',
        );
      taken.add(result);
    }
}

/** Entities of the directory, or the key and certificate that are named. */
function readSigners({ environment, controller }: VerbContext, given: Given, kind: Kind): Signer[] {
  const [key, certificate, passphrase] = ['key', 'cert', 'passphrase-env'].map(name => textOf(given, name));
  if (key !== undefined || certificate !== undefined || passphrase !== undefined) {
    if (key === undefined || certificate === undefined)
      throw new UsageError(`--${key === undefined ? 'key' : 'cert'} is missing`, 'give both: -k KEY --cert CERT');
    if (given.signer !== undefined) throw new UsageError('--signer goes without --key', 'give the one or the other');
    return [
      signerFromFiles({ key, certificate, passphrase, directory: textOf(given, 'dir') }, environment, controller),
    ];
  }
  const names = (given.signer as string[] | undefined) ?? [SIGNERS[kind]];
  const open = openDirectory(readDirectoryOptions(given, environment), false);
  return names.map(name => openSigner(open, name, controller));
}
