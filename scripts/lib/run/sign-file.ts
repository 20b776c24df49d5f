// Where sign-file of a kernel's build is: it is on no PATH.
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StateError } from '../errors.ts';

/** Names the program where it is not in a place that is known. */
const VARIABLE = 'TRUSTME_PKI_SIGN_FILE';
/** Kernel builds, kernel headers, and the package that Debian's headers lean on. */
const PLACES = ['/lib/modules/*/build/scripts', '/usr/src/linux-headers-*/scripts', '/usr/lib/linux-kbuild-*/scripts'];

/** The path of sign-file. Throws a StateError where no kernel's build is installed. */
export function findSignFile(environment: NodeJS.ProcessEnv): string {
  const named = environment[VARIABLE];
  const folders = [...(environment.PATH ?? '').split(delimiter), ...PLACES.flatMap(expand)];
  const found = (named ? [named] : folders.map(folder => join(folder, 'sign-file'))).find(each => existsSync(each));
  if (found) return found;
  throw new StateError(
    named ? `${VARIABLE}: "${named}" is not there` : "the kernel's sign-file is not installed",
    `install kernel headers (Debian: linux-headers-amd64), or export ${VARIABLE}=.../scripts/sign-file of your kernel's build`,
  );
}

/** The folders of a pattern with one asterisk, the last by name first. */
function expand(pattern: string): string[] {
  const [before, after] = pattern.split('*') as [string, string];
  const end = before.lastIndexOf('/');
  const [parent, start] = [before.slice(0, end), before.slice(end + 1)];
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter(name => name.startsWith(start));
  return names
    .sort()
    .reverse()
    .map(name => `${parent}/${name}${after}`);
}
