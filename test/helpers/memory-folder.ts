// Where the tests of a run write: in memory, where that is to be had.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Memory that is not given back stays taken until the machine starts again: also an interrupted run removes it. */
function removeAtEnd(folder: string): void {
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      remove();
      process.kill(process.pid, signal);
    });
}

/**
 * A folder in memory for all that the tests write, where there is one with room in which programs may be started;
 * undefined where there is none, or where TMPDIR names another. A test waits for a disk's syncs and learns nothing of it.
 */
export function memoryFolder(): string | undefined {
  const [TMPFS, ROOM] = [0x01021994, 2 ** 32];
  if (process.env.TMPDIR) return;
  try {
    const { type, bavail, bsize } = statfsSync('/dev/shm');
    if (type !== TMPFS || bavail * bsize < ROOM) return;
    const folder = mkdtempSync('/dev/shm/trustme-pki-tests-');
    chmodSync(folder, 0o755);
    removeAtEnd(folder);
    const script = join(folder, 'script');
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
    return spawnSync(script).status === 0 ? folder : undefined;
  } catch {
    return;
  }
}
