// `trustme-pki uefi rotate NAME [--finish]`: a new key in a UEFI variable, with a time in which both are there.
import { UsageError } from '../lib/errors.ts';
import { endRotation } from '../lib/secure-boot/change.ts';
import { parseWords } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, RELEASE_HELP } from './directory.ts';
import { runRenewal } from './renew.ts';
import { finish, readVariable } from './uefi-change.ts';
import type { VerbContext } from './verb.ts';

const OPTIONS = {
  ...DIRECTORY_OPTIONS,
  finish: { type: 'boolean' },
  cascade: { type: 'boolean' },
  'generate-token-keys': { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki uefi rotate PK|KEK|db|ENTITY [options]
       trustme-pki uefi rotate KEK|db --finish [options]

Makes a new key for a variable, or for an entity whose certificate a variable holds (ssig_subca). In db and KEK the old
certificate stays beside the new one: what either signed is taken. DB.append.auth, KEK.append.auth and PK.update.auth,
which the old keys signed, bring machines in the field along. --finish takes the old certificates out.

  --finish           end the time in which both are there
  --cascade          renew what is below a CA
  --generate-token-keys
                     make keys that are to be in a token and are not there yet
${DIRECTORY_HELP}
${RELEASE_HELP}

example: trustme-pki uefi rotate db`;

export async function uefiRotate(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki uefi rotate', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0)
    throw new UsageError(
      name === undefined ? 'what is to be rotated is missing' : 'one NAME at a time',
      'usage: trustme-pki uefi rotate PK|KEK|db|ENTITY',
    );
  if (given.finish) {
    const [variable] = readVariable([name], 'rotate --finish', ['KEK', 'db']);
    return finish(context, given, options => endRotation(options, variable));
  }
  return runRenewal(context, given, { names: [name], isRotation: true });
}
