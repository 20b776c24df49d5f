// The built program under its name, for shells.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from './door.ts';

/** Makes `folder`/bin with `trustme-pki` in it; returns the folder for PATH. */
export function writeProgram(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'trustme-pki'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  return bin;
}
