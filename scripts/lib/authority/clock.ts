// The clock of whoever signs: a jump of it while openssl is at work must not become a date in a certificate or a list.
import { StateError } from '../errors.ts';

/** Clocks are set by a few seconds all the time. */
const TOLERANCE = 60_000;

/** Throws a StateError unless `date` (as openssl prints it) lies between `began` (ms since 1970) and now. */
export function refuseJump(date: string, began: number, what: string): void {
  const made = Date.parse(date);
  if (made >= began - TOLERANCE && made <= Date.now() + TOLERANCE) return;
  throw new StateError(
    `the clock jumped while openssl made ${what}: dated ${date}, and thrown away`,
    'wait until the clock is set, and run again',
  );
}
