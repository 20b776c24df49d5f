// Which functions of the built program a run calls: a form with those alone is read faster than one with all.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Script } from 'node:vm';
import { loadScripts, readScript } from './compiled.ts';
import { inTemporary } from './lib/run/temporary.ts';

/** Of a run of which nobody wants to hear. */
const NOBODY = { write: () => true };

/**
 * Makes a PKI with the program in `folder` (an absolute path), and asks for it again; gives the compiled form of each
 * file that took part. Where a tool is missing there is none: such a machine can build all the same.
 */
export async function warmUp(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const scripts = new Map<string, Script>();
  loadScripts(folder, file => {
    const script = readScript(file);
    scripts.set(file, script);
    return script;
  });
  const { commandLine } = createRequire(`${folder}/`)('./program.cjs') as typeof import('./main.ts');
  const surroundings = { environment: { PATH: process.env.PATH }, stdout: NOBODY, stderr: NOBODY };
  const run = (...words: string[]) => commandLine(words, { ...surroundings, controller: new AbortController() });
  return inTemporary(async place => {
    const generate = ['generate', '--dir', join(place, 'pki'), '--key-type', 'ec:prime256v1'];
    for (const words of [generate, generate, ['--version']]) if ((await run(...words)) !== 0) return new Map();
    return new Map([...scripts].map(([file, script]) => [file, script.createCachedData()]));
  });
}
