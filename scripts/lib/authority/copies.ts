// Copies of requests for openssl to read: what was checked is what is signed, whoever writes to the request meanwhile.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { derToPem } from '../model/pem.ts';
import { inSlices } from '../run/slices.ts';
import { writeText } from '../store/files.ts';

/**
 * Copies in one folder. Their files are used again and again, since to make one and to remove it, once it is on disk,
 * costs ten times what writing to one that is there does.
 */
export class RequestCopies {
  readonly #sizes = new Map<string, number>();
  readonly #free: string[] = [];

  constructor(readonly folder: string) {}

  /** The path of a copy in PEM; nothing else writes to it before `release`. */
  write(der: Buffer): string {
    const text = derToPem('CERTIFICATE REQUEST', der);
    const used = this.#free.pop();
    if (this.#sizes.size === 0) mkdirSync(this.folder);
    const path = used ?? join(this.folder, `${this.#sizes.size}.csr`);
    // Empty lines hide what a longer request left.
    const whole = text.padEnd(this.#sizes.get(path) ?? 0, '\n');
    this.#sizes.set(path, whole.length);
    writeText(path, whole, used ? 'r+' : 'wx');
    return path;
  }

  release(paths: readonly string[]): void {
    this.#free.push(...paths);
  }

  /** No more than `wanted` are written after this: what is free beyond that goes now, while openssl works, and not in the end. */
  async keep(wanted: number): Promise<void> {
    await inSlices(this.#free.splice(wanted), path => rmSync(path));
  }
}
