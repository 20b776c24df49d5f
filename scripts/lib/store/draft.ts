// The name beside a result under which it is made, with the id of the process, so that a run that was killed can be told.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removeTree } from './remove-tree.ts';

const NAME = /^(\..+\.trustme-pki\.)(\d+)$/;

/** Whether a name is one of those. */
export const isDraft = (name: string): boolean => NAME.test(name);

/** Drafts of others by folder: each is read once, as thousands of files may be signed in one. */
const found = new Map<string, readonly string[]>();

/** A path for `output` to be made at. What dead processes left of the same one goes, also where they had our id. */
export function draftBeside(output: string): string {
  for (const draft of draftsLeft(output)) removeTree(draft);
  return draftOf(output);
}

/** The same, with all that was left staying as it is. */
export const draftOf = (output: string): string => join(dirname(output), `${prefixOf(output)}${process.pid}`);

/** Drafts of `output` that dead processes left, one that had the id of this process among them; each is told of once. */
export function draftsLeft(output: string): string[] {
  const folder = dirname(output);
  const drafts = found.get(folder) ?? draftsIn(folder);
  const isLeft = (name: string): boolean => {
    const [, prefix, id] = NAME.exec(name)!;
    return prefix === prefixOf(output) && (Number(id) === process.pid || !isAlive(Number(id)));
  };
  const left = drafts.filter(isLeft);
  found.set(folder, left.length === 0 ? drafts : drafts.filter(name => !left.includes(name)));
  return left.map(name => join(folder, name));
}

const prefixOf = (output: string): string => `.${basename(output)}.trustme-pki.`;

const draftsIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).filter(isDraft) : []);

/** Another user's process is alive, too: EPERM. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
