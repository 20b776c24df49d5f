// The commands of a page of docs, one after another in one shell, in a folder of their own.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cleanEnvironment, ROOT, scratch, start } from './door.ts';
import { writeProgram } from './program-file.ts';

/** Runs them, the first that fails ends it; returns the page and what was printed. */
export async function runDocument(name: string): Promise<{ document: string; stdout: string }> {
  const folder = scratch();
  const document = readFileSync(join(ROOT, 'docs', name), 'utf8');
  const blocks = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  assert.ok(blocks.length > 4);
  const bin = writeProgram(folder);
  writeFileSync(join(folder, 'page.sh'), `set -e\n${blocks.join('\n')}\necho done\n`);
  const { status, stdout, stderr } = await start('bash', ['page.sh'], {
    cwd: folder,
    env: cleanEnvironment({ PATH: `${bin}:${process.env.PATH}` }),
  }).ended;
  assert.is(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /\ndone\n$/);
  return { document, stdout };
}
