// A few things at a time, in the order in which they were asked for; after a failure none of what still waits begins.

export class Workers {
  #free: number;
  #failure: { readonly reason: unknown } | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      if (this.#failure) throw this.#failure.reason;
      return await work();
    } catch (reason) {
      this.#failure ??= { reason };
      throw reason;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** A directory of thousands of files must not start thousands of processes. */
const WIDTH = 8;

/** Calls `work` for each, a few at a time; results in the order of `items`. Throws when all that had begun has ended. */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const workers = new Workers(WIDTH);
  const running = items.map(item => workers.run(() => work(item)));
  try {
    return await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
}
