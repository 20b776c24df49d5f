// Argument arrays of efitools' commands: signature lists and authenticated variable updates.
import type { Variable } from '../model/types.ts';
import { type Command, command } from './job.ts';

/** A signature list with one certificate (PEM, its first block), owned by `owner` (a GUID). */
export const makeSignatureList = (owner: string, certificate: string, out: string): Command =>
  command('cert-to-efi-sig-list', ['-g', owner, certificate, out]);

/** An authenticated update that replaces a variable by a list, or adds it to what is there. `time` is UTC. */
export function signUpdate(
  variable: Variable,
  time: Date,
  signer: { key: string; certificate: string },
  owner: string,
  list: string,
  out: string,
  isAppended = false,
): Command {
  const stamp = time.toISOString().slice(0, 19).replace('T', ' ');
  return command('sign-efi-sig-list', [
    ...(isAppended ? ['-a'] : []),
    '-t',
    stamp,
    '-g',
    owner,
    '-k',
    signer.key,
    '-c',
    signer.certificate,
    variable.name,
    list,
    out,
  ]);
}
