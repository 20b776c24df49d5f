// `trustme-pki check efi|config FILE…`: would their readers take them? Exit 0: all of them, 1: not all.
import type { X509Certificate } from 'node:crypto';
import { join, resolve } from 'node:path';
import { refusalOfConfig } from '../lib/artifact/config.ts';
import { revocationOfConfig } from '../lib/artifact/config-signers.ts';
import { refusalOfEfi } from '../lib/artifact/efi.ts';
import { databasesOf, refusalByDatabases } from '../lib/artifact/efi-databases.ts';
import { refusalOfIma } from '../lib/artifact/ima.ts';
import { warningForKernel } from '../lib/artifact/kernel-key.ts';
import { refusalOfModule } from '../lib/artifact/module.ts';
import { type OpenDirectory, openDirectory } from '../lib/authority/open.ts';
import { printable, printableLines, StateError, UsageError } from '../lib/errors.ts';
import { anchorsOf, exportAnchors } from '../lib/export/anchors.ts';
import { type Surroundings, surroundingsIn } from '../lib/run/exec.ts';
import { inTemporary } from '../lib/run/temporary.ts';
import { requireTools } from '../lib/run/tools.ts';
import { sideBySide } from '../lib/run/workers.ts';
import { findCertificate } from '../lib/store/directory.ts';
import { writeNew } from '../lib/store/files.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import { ARTIFACT_OPTIONS, type Kind, readArtifacts, SIGNERS } from './artifacts.ts';
import { DIRECTORY_HELP, noteTo, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const HELP = `usage: trustme-pki check efi|config|module|ima FILE... [options]

efi: do db and dbx (DB.esl, DBX.esl) let firmware run the file? With --signer: has that one signed it?
config: is NAME.sig a signature of the file by the key of NAME.cert, and does that lead to a root CA of the directory,
and has none of its CAs revoked it, by its database there or else by CA.crl? With --cms the same of NAME.p7s.
module: is the signature at its end one by the certificate of ssig_subca, or of --signer?
ima: the same of FILE.sig.

  --signer ENTITY    efi: the certificate to ask for, repeatable; each must have signed
  --cms              config: check NAME.p7s
  --output FILE      config: path of signature and certificate without extension
${DIRECTORY_HELP}

example: trustme-pki check efi bootx64.efi`;

export async function checkVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki check', context.words, ARTIFACT_OPTIONS);
  if (given.help) return context.print(HELP);
  const [kind, files] = readArtifacts('check', given, positionals);
  const open = openDirectory(readDirectoryOptions(given, context.environment), false);
  const surroundings = surroundingsIn(open.directory.path, context.environment, context.controller);
  const warnings = new Set<string>();
  const forKernel = (kind: Kind): X509Certificate => {
    const certificate = certificateOf(open, given, kind);
    const warning = warningForKernel(certificate);
    if (warning !== undefined) warnings.add(warning);
    return certificate;
  };
  const results = await inTemporary(async folder => {
    const questions: Readonly<Record<Kind, () => Question>> = {
      efi: () => efiQuestion(open, given, surroundings, text => warnings.add(text)),
      config: () => configQuestion(open, given, surroundings, folder),
      module: () => {
        const certificate = forKernel('module').toString();
        return file => refusalOfModule(file, certificate, surroundings);
      },
      ima: () => {
        const certificate = forKernel('ima');
        return async file => refusalOfIma(file, textOf(given, 'output'), certificate);
      },
    };
    const ask = questions[kind]();
    return sideBySide(files, async file => ({ file, refusal: await ask(file) }));
  });
  for (const each of warnings) noteTo(context, given)(`trustme-pki: warning: ${printable(each)}`);
  const isTaken = results.every(({ refusal }) => refusal === undefined);
  if (given.json) context.print(JSON.stringify({ schema: 1, taken: isTaken, results }));
  else if (!given.quiet)
    context.print(printableLines(results.map(({ file, refusal }) => `${file}: ${refusal ?? 'OK'}`).join('\n')));
  return isTaken ? 0 : 1;
}

function certificateOf({ directory }: OpenDirectory, given: Given, kind: Kind): X509Certificate {
  const [name = SIGNERS[kind], other] = (given.signer as string[] | undefined) ?? [];
  if (other) throw new UsageError(`check ${kind} asks for one signer`, 'give --signer once');
  return findCertificate(directory.certificates, name).certificate;
}

/** Why a file is refused; undefined: it is not. */
type Question = (file: string) => Promise<string | undefined>;

function configQuestion(open: OpenDirectory, given: Given, surroundings: Surroundings, folder: string): Question {
  const anchors = join(folder, 'anchors.pem');
  writeNew(anchors, exportAnchors(anchorsOf(open.directory.certificates), 'pem'));
  const output = textOf(given, 'output');
  const base = output === undefined ? undefined : resolve(output);
  const isCms = given.cms === true;
  return async file =>
    (await refusalOfConfig(file, base, isCms, anchors, surroundings)) ??
    (await revocationOfConfig(file, base, isCms, surroundings));
}

function efiQuestion(
  { directory, options }: OpenDirectory,
  given: Given,
  surroundings: Surroundings,
  warn: (text: string) => void,
): Question {
  requireTools([], options.environment);
  const named = (given.signer as string[] | undefined)?.map(name => [
    findCertificate(directory.certificates, name).certificate.toString(),
  ]);
  if (!named && !directory.lists.has('DB'))
    throw new StateError(`"${options.dir}" has no DB.esl`, 'generate --platform-keys, or name a --signer');
  if (named)
    return async file => {
      const refusals = await Promise.all(named.map(each => refusalOfEfi(file, each, surroundings, warn)));
      return refusals.find(each => each !== undefined);
    };
  const databases = databasesOf(directory);
  return file => refusalByDatabases(file, databases, surroundings, warn);
}
