// Argument arrays of efitools' commands: signature lists and authenticated variable updates.
import { tokenUri } from '../model/token.ts';
import type { VariableName } from '../model/types.ts';
import { type Command, command, commandWithKey } from './job.ts';
import type { PrivateKey } from './private-key.ts';

/** A signature list with one certificate (PEM, its first block), owned by `owner` (a GUID). */
export const makeSignatureList = (owner: string, certificate: string, out: string): Command =>
  command('cert-to-efi-sig-list', ['-g', owner, certificate, out]);

/** An authenticated update that replaces a variable by a list, or adds it to what is there. `time` is UTC. */
export function signUpdate(
  variable: VariableName,
  time: Date,
  signer: { key: PrivateKey; certificate: string },
  owner: string,
  list: string,
  out: string,
  isAppended = false,
): Command {
  const stamp = time.toISOString().slice(0, 19).replace('T', ' ');
  const args = [
    ...(isAppended ? ['-a'] : []),
    '-t',
    stamp,
    '-g',
    owner,
    ...signingKey(signer.key),
    '-c',
    signer.certificate,
    variable,
    list,
    out,
  ];
  return commandWithKey('sign-efi-sig-list', args, signer.key, signer.certificate);
}

/** efitools know the engine by its own option and the token's URI as it is; their PIN comes by the engine's set-up. */
const signingKey = ({ file, token }: PrivateKey): string[] =>
  token ? ['-e', 'pkcs11', '-k', tokenUri(token)] : ['-k', file];
