// What a run gives to its commands, for tests that run some by hand.
import { basicEnvironment } from '../../scripts/lib/run/command-environment.ts';
import type { Surroundings } from '../../scripts/lib/run/exec.ts';
import { Shells } from '../../scripts/lib/run/shells.ts';

export function surroundingsOf(
  folder: string,
  environment: NodeJS.ProcessEnv,
  secretOf: Surroundings['secretOf'] = () => undefined,
  controller = new AbortController(),
): Surroundings {
  const shells = new Shells(basicEnvironment(environment), controller.signal);
  return { folder, environment, secretOf, controller, shells };
}
