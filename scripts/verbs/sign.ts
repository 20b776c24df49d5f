// `trustme-pki sign efi|config FILE…`: artifacts signed with keys of a PKI directory, or of tokens.
import { resolve } from 'node:path';
import { signConfig } from '../lib/artifact/config.ts';
import { signEfi } from '../lib/artifact/efi.ts';
import { openSigner } from '../lib/artifact/signer.ts';
import { openDirectory } from '../lib/authority/open.ts';
import { sideBySide } from '../lib/check/side-by-side.ts';
import { UsageError } from '../lib/errors.ts';
import { nearest } from '../lib/model/nearest.ts';
import { requireTools } from '../lib/run/tools.ts';
import { inputFile } from '../lib/store/input-file.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

export const ARTIFACT_OPTIONS = {
  ...DIRECTORY_OPTIONS,
  signer: { type: 'string', multiple: true },
  cms: { type: 'boolean' },
  output: { type: 'string' },
} as const;

const HELP = `usage: trustme-pki sign efi FILE... [options]
       trustme-pki sign config FILE... [options]

efi: signs kernels and boot loaders by sbsign, into FILE.signed; sbverify proves each signature before that appears.
config: signs GuestOS and container configurations; NAME.conf gets NAME.sig (RSA-PSS or ECDSA, SHA-512) and NAME.cert,
the signer's certificate with its chain; or NAME.p7s. Results of an earlier run are replaced, the files stay as they are.

  --signer ENTITY    who signs (efi: ssig_subca, config: ssig_cml); for efi repeatable, a signature each
  --cms              config: one CMS signature (PEM), NAME.p7s
  --output FILE      where to write it (config: without extension); for one FILE
${DIRECTORY_HELP}

example: trustme-pki sign efi bzImage --output bootx64.efi`;

export const KINDS = ['efi', 'config'];
export type Kind = 'efi' | 'config';

/** The kind and its files. */
export function readArtifacts(verb: string, given: Given, [kind, ...files]: readonly string[]): [Kind, string[]] {
  if (kind === undefined || !KINDS.includes(kind)) {
    const close = kind === undefined ? undefined : nearest(kind, KINDS);
    throw new UsageError(
      kind === undefined ? 'nothing to be signed is named' : `"${kind}" is nothing that ${verb} knows`,
      close ? `did you mean "${close}"?` : `usage: trustme-pki ${verb} ${KINDS.join('|')} FILE...`,
    );
  }
  if (files.length === 0) throw new UsageError('FILE is missing', `usage: trustme-pki ${verb} ${kind} FILE...`);
  if (files.length > 1 && given.output !== undefined)
    throw new UsageError('--output is for one FILE', 'sign them one after another, or leave --output out');
  if (kind === 'efi' && given.cms) throw new UsageError('--cms is for configurations', 'leave it out');
  return [kind as Kind, files.map(inputFile)];
}

export async function signVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki sign', context.words, ARTIFACT_OPTIONS);
  if (given.help) return context.print(HELP);
  const [kind, files] = readArtifacts('sign', given, positionals);
  const output = textOf(given, 'output');
  const names = (given.signer as string[] | undefined) ?? [kind === 'efi' ? 'ssig_subca' : 'ssig_cml'];
  const open = openDirectory(readDirectoryOptions(given, context.environment), false);
  const signers = names.map(name => openSigner(open, name, context.controller));
  const [signer, other] = signers;
  if (kind === 'config' && other) throw new UsageError('a configuration has one signer', 'give --signer once');
  if (kind === 'efi') requireTools([], context.environment, ['sbsign', 'sbverify']);
  const target = output === undefined ? undefined : resolve(output);
  const written = await sideBySide(files, async file => {
    if (kind === 'config') return signConfig(file, target, given.cms === true, signer!);
    const signed = target ?? `${file}.signed`;
    await signEfi(file, signed, signers);
    return [signed];
  });
  if (given.json) return context.print(JSON.stringify({ schema: 1, signer: names, files: written.flat() }));
  return given.quiet ? 0 : context.print(written.flat().join('\n'));
}
