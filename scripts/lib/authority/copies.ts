// Copies of requests for openssl to read: what was checked is what is signed, whoever writes to the request meanwhile.
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inSlices } from '../run/slices.ts';

/**
 * Copies in one folder. Their files are used again and again, since to make one and to remove it, once it is on disk,
 * costs ten times what writing to one that is there does.
 */
export class RequestCopies {
  #count = 0;
  readonly #free: string[] = [];

  constructor(readonly folder: string) {}

  /** The path of a copy in DER; nothing else writes to it before `release`. */
  write(der: Buffer): string {
    const used = this.#free.pop();
    if (this.#count === 0) mkdirSync(this.folder);
    const path = used ?? join(this.folder, `${this.#count++}.csr`);
    // What a longer request left stays behind it: DER has its length in it.
    writeFileSync(path, der, { flag: used ? 'r+' : 'wx', mode: 0o644 });
    return path;
  }

  release(paths: readonly string[]): void {
    this.#free.push(...paths);
  }

  /** No more than `wanted` are written after this: what is free beyond that goes now, while openssl works, and not in the end. */
  async keep(wanted: number): Promise<void> {
    await inSlices(this.#free.splice(wanted), path => unlinkSync(path));
  }
}
