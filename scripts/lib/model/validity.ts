// When a certificate begins and ends, and whether that lies within the life of its issuer.
import type { Validity } from './types.ts';

/** Milliseconds. */
export const DAY = 86_400_000;

/** Begin and end of a certificate that is made at `now`. */
export function validityOf({ days, notBefore, notAfter }: Validity, now: Date): { notBefore: Date; notAfter: Date } {
  const begin = notBefore ?? now;
  return { notBefore: begin, notAfter: notAfter ?? new Date(begin.getTime() + (days ?? 0) * DAY) };
}

/** Whether it is said by days from now alone, which every openssl command knows. */
export const isRelative = ({ notBefore, notAfter }: Validity): boolean => !(notBefore || notAfter);

/** Whether a subject's validity ends after its issuer's. */
export const outlives = (subject: Validity, issuer: Validity, now: Date): boolean =>
  validityOf(subject, now).notAfter > validityOf(issuer, now).notAfter;

/** The subject's validity, ended with that of its issuer. */
export function clip(subject: Validity, issuer: Validity, now: Date): Validity {
  if (isRelative(subject) && isRelative(issuer)) return { ...subject, days: issuer.days };
  return { ...subject, days: undefined, notAfter: validityOf(issuer, now).notAfter };
}

/** ISO 8601 in UTC to the second: `2027-12-31T23:59:59Z`. */
export const isoTime = (time: Date): string => time.toISOString().replace('.000Z', 'Z');

/**
 * The end of a certificate that counts days, as of `now`, where it comes within a day of its issuer's: to sign takes time,
 * and days that count from then on would lead past that. undefined: there is room, or it is fixed.
 */
export function limitOf(subject: Validity, issuerEnd: Date, now: Date): Date | undefined {
  const { notAfter } = validityOf(subject, now);
  return isRelative(subject) && notAfter.getTime() > issuerEnd.getTime() - DAY ? notAfter : undefined;
}

/** In words: `1095 days`, or `until 2027-12-31T23:59:59Z`. */
export function formatValidity({ days, notBefore, notAfter }: Validity): string {
  const end = notAfter ? `until ${isoTime(notAfter)}` : `${days} days`;
  return notBefore ? `from ${isoTime(notBefore)}, ${end}` : end;
}
