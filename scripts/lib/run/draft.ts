// The name beside a result under which it is made, with the id of the process, so that a run that was killed can be told.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removeTree } from './staging.ts';

const NAME = /^(\..+\.trustme-pki\.)(\d+)$/;

/** Drafts of others by folder: each is read once, as thousands of files may be signed in one. */
const found = new Map<string, readonly string[]>();

/** A path for `output` to be made at. What dead processes left of the same one goes. */
export function draftBeside(output: string): string {
  const folder = dirname(output);
  const prefix = `.${basename(output)}.trustme-pki.`;
  if (!found.has(folder)) found.set(folder, draftsIn(folder));
  for (const name of found.get(folder)!) {
    const [, own, id] = NAME.exec(name)!;
    if (own === prefix && !isAlive(Number(id))) removeTree(join(folder, name));
  }
  return join(folder, `${prefix}${process.pid}`);
}

const draftsIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter(name => NAME.test(name)) : [];

/** Another user's process is alive, too: EPERM. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
