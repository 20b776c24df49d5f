// Runs that meet each other, and disks that are full or cannot be written.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../helpers/door.ts';
import { EC, program } from './scenarios.ts';
import { type Row, rowOf } from './tries.ts';

/** `count` callers at once of as many or fewer directories. */
export async function tryCallers(folder: string, count: number, directories: number): Promise<Row> {
  const row = rowOf(
    'generate',
    `${count} callers of ${directories === 1 ? 'one directory' : `${directories} directories`}`,
  );
  const names = Array.from({ length: count }, (_, i) => `callers-${count}-${i % directories}`);
  const ended = await Promise.all(names.map(name => program(folder, 'generate', '--dir', name, ...EC, '--quiet')));
  row.tried = count;
  row.harmless = ended.filter(({ status }) => status === 0).length;
  for (const { status, stderr } of ended) if (status !== 0) row.problems.push(`${status}: ${stderr.slice(0, 200)}`);
  for (const name of new Set(names)) {
    const { status, stdout } = await program(folder, 'verify', name);
    if (status !== 0) row.problems.push(`${name}: ${stdout.slice(0, 200)}`);
  }
  return row;
}

/** A small tmpfs at `folder`/disk; only root can mount one. */
async function onDisk(folder: string, options: string, run: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, 'disk');
  mkdirSync(disk, { recursive: true });
  tool('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  await run(disk).finally(() => tool('umount', [disk]));
}

/** Disks too small for a whole PKI; the largest may do. */
export async function tryFullDisks(folder: string): Promise<Row> {
  const row = rowOf('generate', 'a full disk');
  for (const size of [64, 128, 256, 384, 512])
    await onDisk(folder, `size=${size}k`, async disk => {
      const words = ['generate', '--dir', 'disk/pki', ...EC, '--platform-keys', '--quiet'];
      const { status, stderr } = await program(folder, ...words);
      row.tried++;
      if (status === 0) row.harmless++;
      else if (!/no space|disk is full|ENOSPC/i.test(stderr)) row.problems.push(`${size}k: ${stderr.slice(0, 300)}`);
      const left = readdirSync(disk).filter(name => name !== 'pki.genlock');
      if (status !== 0 && left.length > 0) row.problems.push(`${size}k: left behind: ${left.join(', ')}`);
    });
  return row;
}

export async function tryReadOnlyDisk(folder: string): Promise<Row> {
  const row = rowOf('generate', 'a read-only disk');
  await onDisk(folder, 'ro', async () => {
    const { status, stderr } = await program(folder, 'generate', '--dir', 'disk/pki', ...EC, '--quiet');
    row.tried++;
    if (status !== 1 || !/cannot write in .*EROFS/.test(stderr))
      row.problems.push(`${status}: ${stderr.slice(0, 300)}`);
  });
  return row;
}
