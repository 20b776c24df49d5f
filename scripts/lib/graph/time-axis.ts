// The one time axis on which the validity of all certificates of a picture is drawn: positions from 0 to 1.

import { DAY } from '../model/validity.ts';
import { allRows, type Picture } from './picture.ts';

const YEAR = 365.2425 * DAY;
/** 9999-12-31 ("no end", RFC 5280 4.1.2.5) and nonsense must not press all others into a line. */
const MOST_YEARS = 25;
const MOST_TICKS = 9;
/** Months between ticks. */
const STEPS = [1, 3, 6, 12, 24, 60, 120];

export interface Axis {
  readonly today: number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** Where a time stands; times outside stand at the ends. */
  readonly at: (iso: string) => number;
}

export function makeAxis(picture: Picture): Axis {
  const now = Date.parse(picture.now);
  const [least, most] = [now - MOST_YEARS * YEAR, now + MOST_YEARS * YEAR];
  const certificates = allRows(picture).map(({ certificate }) => certificate);
  const starts = certificates.map(({ notBefore }) => Math.max(Date.parse(notBefore), least));
  const ends = certificates.map(({ notAfter }) => Math.min(Date.parse(notAfter), most));
  const [first, last] = [lowest([now, ...starts]), -lowest([now + DAY, ...ends].map(end => -end))];
  const margin = (last - first) * 0.03;
  const [start, span] = [first - margin, last - first + 2 * margin];
  const position = (time: number) => Math.min(1, Math.max(0, (time - start) / span));
  return { today: position(now), ticks: ticksOf(start, span, position), at: iso => position(Date.parse(iso)) };
}

/** Math.min takes its values from the stack, which thousands of certificates would exhaust. */
const lowest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

function ticksOf(start: number, span: number, position: (time: number) => number): Axis['ticks'] {
  const months = (span / YEAR) * 12;
  const step = STEPS.find(each => months / each <= MOST_TICKS) ?? STEPS.at(-1)!;
  const begin = new Date(start);
  const ticks: { at: number; label: string }[] = [];
  const from = Math.ceil((begin.getUTCFullYear() * 12 + begin.getUTCMonth() + 1) / step) * step;
  for (let month = from; ; month += step) {
    const time = Date.UTC(Math.floor(month / 12), month % 12);
    if (time > start + span) return ticks;
    const iso = new Date(time).toISOString();
    ticks.push({ at: position(time), label: step < 12 ? iso.slice(0, 7) : iso.slice(0, 4) });
  }
}
