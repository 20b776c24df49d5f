// A directory's picture together with what `verify` finds in it.
import { verifyDirectory } from '../check/verify.ts';
import { openDirectory, pictureOfDirectory } from './from-directory.ts';
import type { Picture } from './picture.ts';
import type { Clock } from './status.ts';

/** Throws a StateError where there is no PKI, before anything is run on it. */
export async function verifiedPicture(
  dir: string,
  clock: Clock,
  environment: NodeJS.ProcessEnv,
  controller: AbortController,
): Promise<Picture> {
  const open = openDirectory(dir);
  const findings = await verifyDirectory(dir, { expiresWithinDays: clock.soonDays, environment }, controller);
  return pictureOfDirectory(open, findings, clock);
}
