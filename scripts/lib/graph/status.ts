// How well a certificate is: from its validity and its findings, as a word, a symbol and a class, never a colour alone.
import { DAY } from '../model/validity.ts';
import { allRows, type Picture, type PictureCertificate, type State } from './picture.ts';

export type Status = 'ok' | 'info' | 'warning' | 'error';

export const SYMBOLS: Readonly<Record<Status, string>> = { ok: '✔', info: 'ℹ', warning: '▲', error: '✖' };

export interface Clock {
  readonly now: Date;
  /** How many days before its end a certificate "expires soon". */
  readonly soonDays: number;
}

export function stateOf(notBefore: Date, notAfter: Date, { now, soonDays }: Clock): State {
  if (notAfter < now) return 'expired';
  if (notBefore > now) return 'not yet valid';
  return notAfter.getTime() - now.getTime() < soonDays * DAY ? 'expires soon' : 'valid';
}

const OF_STATE: Readonly<Record<State, Status>> = {
  valid: 'ok',
  'expires soon': 'warning',
  'not yet valid': 'warning',
  expired: 'error',
};
const ORDER: readonly Status[] = ['ok', 'info', 'warning', 'error'];

export const statusOfState = (state: State): Status => OF_STATE[state];

/** The worst of its state and its findings. */
export function statusOf({ state, findings }: PictureCertificate): Status {
  const all = [OF_STATE[state], ...findings.map(({ severity }) => severity)];
  return ORDER.findLast(status => all.includes(status)) ?? 'ok';
}

/** The worst of all of a picture. */
export function worstOf(picture: Picture): Status {
  const all = [
    ...picture.findings.map(({ severity }) => severity),
    ...allRows(picture).map(({ certificate }) => statusOf(certificate)),
  ];
  return ORDER.findLast(status => all.includes(status)) ?? 'ok';
}

export const dayOf = (iso: string): string => iso.replace(/T.*$/, '');

/** `valid until 2032-11-23`, `expired on 2025-01-01`, ... */
export function describeState({ state, notBefore, notAfter }: PictureCertificate, now: string): string {
  const days = Math.floor((Date.parse(notAfter) - Date.parse(now)) / DAY);
  switch (state) {
    case 'expired':
      return `expired on ${dayOf(notAfter)}`;
    case 'not yet valid':
      return `not valid before ${dayOf(notBefore)}`;
    case 'expires soon':
      return `expires soon: ${dayOf(notAfter)} (in ${days === 1 ? '1 day' : `${days} days`})`;
    default:
      return `valid until ${dayOf(notAfter)}`;
  }
}
