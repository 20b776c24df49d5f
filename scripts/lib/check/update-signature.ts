// Is an authenticated variable update signed by one of these certificates? Asked of openssl, which did not make it.
import type { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import type { VariableName } from '../model/types.ts';
import { signedBytes, type VariableUpdate, wrapSignedData } from '../model/variable-update.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { writeNew } from '../store/files.ts';

/** For which variable an update is meant, and how: its bytes do not say that, its signature covers it. */
export interface Purpose {
  readonly name: VariableName;
  /** Added to what is there, instead of replacing it. */
  readonly isAppended: boolean;
}

/** Why openssl refuses the signature; undefined: it is that of one of `signers`. `scratch` is a folder for files. */
export async function refusalOfUpdate(
  update: VariableUpdate,
  { name, isAppended }: Purpose,
  signers: readonly X509Certificate[],
  scratch: string,
  surroundings: Surroundings,
): Promise<string | undefined> {
  if (signers.length === 0) return 'its certificate is missing';
  const folder = mkdtempSync(join(scratch, 'update-'));
  writeNew(join(folder, 'content'), signedBytes(name, update, isAppended));
  writeNew(join(folder, 'signature'), wrapSignedData(update.signedData));
  writeNew(join(folder, 'signers'), signers.map(each => each.toString()).join(''));
  const args = 'cms -verify -binary -inform DER -in signature -content content -certfile signers';
  // Firmware asks for no validity either.
  const trust = '-CAfile signers -partial_chain -purpose any -no_check_time -out /dev/null';
  try {
    const verification = command('openssl', `${args} ${trust}`.split(' '));
    await runCommand(verification, `verification of the update of ${name}`, { ...surroundings, folder });
    return undefined;
  } catch (failure) {
    const reason = failure instanceof CommandError ? reasonOf(failure) : undefined;
    // An openssl that was killed or had no room has refused nothing.
    if (reason === undefined) throw failure;
    return reason;
  }
}

/** The reason in `405703C4217F0000:error:1700006D:CMS routines:CMS_verify:content verify error:…`. */
const reasonOf = ({ stderr }: CommandError): string | undefined =>
  [...stderr.matchAll(/:error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/g)].at(-1)?.[1];
