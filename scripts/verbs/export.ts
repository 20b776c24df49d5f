// `trustme-pki export anchors|pkcs12`: what devices and users are given.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { revocationOf } from '../lib/artifact/signer.ts';
import { passphraseOf, tokenOf } from '../lib/authority/directory-key.ts';
import { type OpenDirectory, openDirectory } from '../lib/authority/open.ts';
import { writePkcs12 } from '../lib/authority/pkcs12.ts';
import { revokedIn } from '../lib/authority/revoked.ts';
import { printable, StateError, UsageError } from '../lib/errors.ts';
import { anchorsOf, exportAnchors, FORMATS, hashesOf } from '../lib/export/anchors.ts';
import { describeToken } from '../lib/model/token.ts';
import { surroundingsIn } from '../lib/run/exec.ts';
import { type CertificateFile, findCertificate } from '../lib/store/directory.ts';
import { draftBeside } from '../lib/store/draft.ts';
import { isTaken } from '../lib/store/files.ts';
import { issuersOf } from '../lib/store/issuer.ts';
import { writeOutput } from '../lib/store/output-file.ts';
import { readerOf } from '../lib/store/readers.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import {
  DIRECTORY_HELP,
  DIRECTORY_OPTIONS,
  noteTo,
  PASSWORD_VARIABLE,
  readDirectoryOptions,
  readPasswordVariable,
  readWord,
} from './directory.ts';
import type { VerbContext } from './verb.ts';

const { release: _, ...SHARED } = DIRECTORY_OPTIONS;
const OPTIONS = {
  ...SHARED,
  format: { type: 'string' },
  output: { type: 'string' },
  'password-env': { type: 'string' },
  legacy: { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki export anchors [NAME...] [options]
       trustme-pki export pkcs12 NAME --output FILE [options]

anchors: the certificates that a device is to trust; without NAME, the roots of all hierarchies
that are not revoked.

  --format F         pem: one bundle (default); der: NAME.der each; hash: SHA-256 and pins of keys; c: arrays of C;
                     kernel: for CONFIG_SYSTEM_TRUSTED_KEYS; yocto: a recipe that installs them
  --output PATH      a file; for der a folder (default: standard output; der needs it)

pkcs12: key, certificate and chain in one file, for a token, a browser or another keystore.

  --output FILE      where it goes, mode 0600
  --password-env V   variable with its password (default: ${PASSWORD_VARIABLE})
  --legacy           with ciphers that old readers know, which protect little
${DIRECTORY_HELP}

Files that are there and hold something else are not replaced.

example: trustme-pki export anchors --format c --output anchors.h`;

export async function exportVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki export', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [what, ...names] = positionals;
  const usage = 'usage: trustme-pki export anchors|pkcs12';
  if (what !== 'anchors' && what !== 'pkcs12')
    throw new UsageError(what === undefined ? 'what to export is missing' : `unknown export "${what}"`, usage);
  const open = openDirectory(readDirectoryOptions(given, context.environment), false);
  return what === 'anchors' ? anchorsVerb(context, given, open, names) : pkcs12Verb(context, given, open, names);
}

function anchorsVerb(context: VerbContext, given: Given, open: OpenDirectory, names: readonly string[]): number {
  const format = readWord(given, 'format', FORMATS) ?? 'pem';
  const output = textOf(given, 'output');
  const roots = anchorsOf(open.directory.certificates);
  // The kernel trusts what signs software; a customer's CA has no say there.
  const usual = format === 'kernel' ? roots.filter(({ file }) => readerOf(file)?.includes('keyring')) : roots;
  const named = [...new Set(names.map(name => findCertificate(open.directory.certificates, name)))];
  const anchors = withoutRevoked(open, named.length > 0 ? named : usual, named.length > 0, noteTo(context, given));
  if (anchors.length === 0) throw new StateError(`"${open.options.dir}" has no such root CA`, 'give names of CAs');
  if (output === undefined) {
    if (format === 'der') throw new UsageError('--output is missing: DER is no text', 'give a folder: --output FOLDER');
    if (given.json && format === 'hash')
      return context.print(JSON.stringify({ schema: 1, anchors: anchors.map(hashesOf) }));
    const content = exportAnchors(anchors, format);
    return context.print(given.json ? JSON.stringify({ schema: 1, format, files: [], content }) : content.trimEnd());
  }
  const written = format === 'der' ? writeAll(anchors, output) : [writeOne(exportAnchors(anchors, format), output)];
  if (given.json) return context.print(JSON.stringify({ schema: 1, format, files: written }));
  return given.quiet ? 0 : context.print(written.join('\n'));
}

/** Nobody is to trust a revoked CA: one that is named is refused, and of others people are told. */
function withoutRevoked(
  open: OpenDirectory,
  anchors: readonly CertificateFile[],
  areNamed: boolean,
  note: (text: string) => void,
): readonly CertificateFile[] {
  const revoked = revokedIn(open.directory);
  return anchors.filter(({ stem }) => {
    const reason = revoked.get(stem);
    if (reason === undefined) return true;
    if (areNamed)
      throw new StateError(
        `${stem} is revoked (${reason}): no device is to trust it`,
        reason === 'certificateHold'
          ? `release it first: trustme-pki revoke ${stem} --reason removeFromCRL`
          : `make another one: trustme-pki rekey ${stem} --cascade`,
      );
    note(`trustme-pki: ${stem} is left out: it is revoked (${reason})`);
    return false;
  });
}

function writeAll(anchors: readonly CertificateFile[], folder: string): string[] {
  if (existsSync(folder) && !statSync(folder).isDirectory())
    throw new UsageError(`--output "${folder}" is no folder`, 'DER has a file for each certificate: give a folder');
  mkdirSync(folder, { recursive: true });
  return anchors.map(({ stem, certificate }) => writeOne(certificate.raw, join(folder, `${stem}.der`)));
}

/** Returns the absolute path. */
function writeOne(content: string | Buffer, file: string): string {
  const path = resolve(file);
  refuseFolder(path, file);
  if (!existsSync(path)) writeOutput(path, content, () => false);
  else if (!statSync(path).isFile() || !readFileSync(path).equals(Buffer.from(content)))
    throw new StateError(`"${file}" is there and holds something else`, 'remove it, or give another --output');
  return path;
}

function refuseFolder(path: string, given: string): void {
  if (!existsSync(dirname(path)))
    throw new UsageError(`the folder of --output "${given}" is not there`, 'make it, or give another one');
}

async function pkcs12Verb(
  context: VerbContext,
  given: Given,
  open: OpenDirectory,
  names: readonly string[],
): Promise<number> {
  const [name, extra] = names;
  const output = textOf(given, 'output');
  if (name === undefined || extra !== undefined || output === undefined)
    throw new UsageError(
      extra !== undefined ? `unexpected "${extra}"` : `${name === undefined ? 'NAME' : '--output'} is missing`,
      'usage: trustme-pki export pkcs12 NAME --output FILE',
    );
  const found = findCertificate(open.directory.certificates, name);
  const { stem, file } = found;
  const { path, keys, certificates } = open.directory;
  if (!keys.has(stem))
    throw new StateError(`the key of ${stem} is not in "${open.options.dir}"`, 'export it where the key is');
  const token = tokenOf(open, stem);
  if (token)
    throw new StateError(
      `the key of ${stem} is in the token ${describeToken(token)}: it never leaves that`,
      'export pkcs12 is for keys in files',
    );
  const note = noteTo(context, given);
  const password = readPasswordVariable(given, context.environment, note);
  const target = resolve(output);
  refuseFolder(target, output);
  if (isTaken(target)) throw new StateError(`"${output}" is there: nothing is overwritten`, 'give another --output');
  const certificate = join(path, file);
  const parts = { key: join(path, `${stem}.key`), certificate, output: target, name: stem, password };
  await writePkcs12(
    { ...parts, passphrase: passphraseOf(open, stem), isLegacy: given.legacy === true },
    draftBeside(target),
    surroundingsIn(path, context.environment, context.controller),
  );
  const above = issuersOf(found, certificates).map(({ certificate }) => certificate);
  const revocation = revocationOf(found, [...above, ...found.chain], path);
  if (revocation !== undefined) note(`trustme-pki: warning: ${printable(revocation)}`);
  if (given.json) return context.print(JSON.stringify({ schema: 1, name: stem, file: target }));
  return given.quiet ? 0 : context.print(target);
}
