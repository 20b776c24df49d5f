// What a run made, for the summary and --json.
import { join } from 'node:path';
import { tokenUri } from '../model/token.ts';
import { type Entity, isSelfSigned } from '../model/types.ts';
import { parseCertificate } from '../store/certificate.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { firstCertificate } from '../store/files.ts';
import { certificateFile, keyFileOf } from '../store/names.ts';
import type { GenerateOptions, Outcome, TrustAnchor } from './generate.ts';
import type { Prepared } from './prepare.ts';

/** The self-signed CAs of the hierarchies, with what a person compares. */
export function trustAnchors(outDir: string, made: readonly Entity[]): TrustAnchor[] {
  return made
    .filter(entity => isSelfSigned(entity) && !entity.variable)
    .map(entity => {
      const file = certificateFile(entity);
      const { fingerprint256 } = parseCertificate(firstCertificate(join(outDir, file)));
      return {
        file,
        subject: entity.subject.find(({ name }) => name === 'commonName')?.value ?? entity.stem,
        sha256: fingerprint256,
      };
    });
}

/** What was made where, and what that leaves to be known. */
export function describe(
  state: Outcome['state'],
  directory: string,
  { inputs, made }: Prepared,
  { environment }: GenerateOptions,
): Outcome {
  const used = made.map(entity => inputs.passphraseOf(entity)).filter(name => name !== undefined);
  const developmentPassphrases = [...new Set(used)].filter(name => !environment[name]);
  const leftOut = DERIVED_EXPORTS.flatMap(({ file, key }) => {
    const token = made.find(entity => keyFileOf(entity) === key)?.token;
    return token ? [[file, tokenUri(token)] as const] : [];
  });
  return { state, directory, added: [], anchors: [], leftOut: Object.fromEntries(leftOut), developmentPassphrases };
}
