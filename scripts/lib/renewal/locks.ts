// The locks of the CAs that a renewal signs by, and of those that it renews: what these sign meanwhile would have a chain
// of the past.
import type { Lock } from '../run/lock.ts';
import { lockAuthority } from '../run/lock-authority.ts';

/** Another run had a CA until now: what was read before, and chosen by that, is to be read and chosen again. */
export class Outdated extends Error {}

/** For a CA that is opened with its lock held: all of them are released together. */
export const HELD: Lock = { release: () => {} };

export class AuthorityLocks {
  readonly #held = new Map<string, Lock>();

  constructor(
    readonly path: string,
    readonly controller: AbortController,
    readonly note: (text: string) => void,
  ) {}

  /** Takes those that are not held yet. Throws Outdated where it had to wait: they are held all the same. */
  async take(stems: Iterable<string>): Promise<void> {
    const wanted = new Set(stems);
    for (const stem of this.#held.keys()) wanted.delete(stem);
    if (wanted.size === 0) return;
    let hasWaited = this.#held.size > 0;
    const all = [...this.#held.keys(), ...wanted].sort();
    this.release();
    // Always in one order: two runs never wait for each other.
    for (const stem of all)
      this.#held.set(
        stem,
        await lockAuthority(this.path, stem, this.controller.signal, () => {
          hasWaited = true;
          this.note(`trustme-pki: waiting for another run on ${stem}`);
        }),
      );
    if (hasWaited) throw new Outdated();
  }

  release(): void {
    for (const lock of this.#held.values()) lock.release();
    this.#held.clear();
  }
}
