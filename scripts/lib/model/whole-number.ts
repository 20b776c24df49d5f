// Whole numbers that are given on the command line or by a program: which are taken, and the error for all others.
import { UsageError } from '../errors.ts';

interface Range {
  readonly unit: string;
  readonly least: number;
  readonly most: number;
}

/** Commands side by side. */
export const JOBS: Range = { unit: 'jobs', least: 1, most: 9999 };
export const DAYS: Range = { unit: 'days', least: 1, most: 999_999 };
/** How early the end of a certificate is a warning, up to a hundred years. */
export const EARLY_DAYS: Range = { unit: 'days', least: 0, most: 36_500 };

/** `value` is a number, or its digits. Throws a UsageError that names it. */
export function wholeNumber(name: string, value: unknown, { unit, least, most }: Range): number {
  const number = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${name} "${String(value)}" is no number of ${unit}`, `give a number from ${least} to ${most}`);
}
