// Compares a text with a file of test/golden; UPDATE_GOLDEN=1 writes the file instead, and the diff is the review.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));

/** `name` is the path inside test/golden. */
export function assertGolden(name: string, actual: string): void {
  const path = join(GOLDEN, name);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  assert.ok(existsSync(path), `test/golden/${name} is missing: run with UPDATE_GOLDEN=1 and look at it`);
  assert.fixture(actual, readFileSync(path, 'utf8'), `test/golden/${name} differs: UPDATE_GOLDEN=1 accepts the change`);
}

/** JSON, two blanks deep, for a golden file. */
export const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
