// How long what a CA signs is valid: what the profile says, or --days, and never longer than the CA itself.
import { StateError, UsageError } from '../errors.ts';
import type { Validity } from '../model/types.ts';
import { DAY, isoTime } from '../model/validity.ts';
import { caTime } from '../plan/openssl.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { otherProfiles } from '../store/configuration-text.ts';
import type { Authority } from './open.ts';

/** Of a section, as its configuration says it: settings have the times of the `usual` one, a comment those of others. */
export function validityIn(configuration: string, section: string, usual: string): Validity {
  const options =
    section === usual ? [] : otherProfiles(configuration).filter(each => each.startsWith(`-extensions ${section} `));
  const value = (word: string) =>
    options[0] === undefined
      ? new RegExp(`^default_${word}\\s*=\\s*(\\S+)`, 'm').exec(configuration)?.[1]
      : new RegExp(` -${word} (\\S+)`).exec(options[0])?.[1];
  const days = value('days');
  return {
    days: days === undefined ? undefined : Number(days),
    notBefore: parseTime(value('startdate')),
    notAfter: parseTime(value('enddate')),
  };
}

/** [YY]YYMMDDHHMMSSZ. */
function parseTime(text: string | undefined): Date | undefined {
  const digits = /^(?:\d{2})?\d{12}Z$/.exec(text ?? '')?.[0].padStart(15, '20');
  return digits ? new Date(digits.replace(/(....)(..)(..)(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')) : undefined;
}

/**
 * Whether a certificate lasts as long as a profile says, or to the `end` of its CA, which cuts that short. Where the profile
 * began before it was signed, its days tell nothing: it is not known when they began.
 */
export function isAsLong(
  { notBefore, notAfter }: Pick<CertificateFacts, 'notBefore' | 'notAfter'>,
  { days, notBefore: begin, notAfter: until }: Validity,
  end: Date,
): boolean {
  if (begin && begin.getTime() !== notBefore.getTime()) return false;
  if (!until && (days === undefined || (begin && begin < new Date()))) return true;
  const wanted = Math.min((until ?? new Date(notBefore.getTime() + days! * DAY)).getTime(), end.getTime());
  return Math.abs(notAfter.getTime() - wanted) < DAY / 2;
}

/**
 * Options of `openssl ca` for what is signed from `now` on; none where the configuration says nothing. Throws a
 * UsageError where `days` are more than the CA has left, a StateError where the time of the profile is over.
 */
export function timeOptions(
  { stem, certificate: { certificate } }: Pick<Authority, 'stem' | 'certificate'>,
  profile: Validity,
  days: number | undefined,
  now: Date,
): string[] {
  const end = new Date(certificate.validTo);
  const { notBefore, notAfter, days: usual } = profile;
  const wanted = days === undefined ? notAfter : undefined;
  const count = days ?? usual;
  if (!wanted && count === undefined) return [];
  const begin = notBefore && notBefore > now ? notBefore : now;
  const until = wanted ?? new Date(begin.getTime() + count! * DAY);
  if (days !== undefined && begin < end && until > end) throw tooLong(stem, days, end, begin);
  const last = until < end ? until : end;
  if (until <= now || last <= begin)
    throw new StateError(
      `${stem}: the validity of this profile ${until <= now ? `ended ${isoTime(until)}` : `begins ${isoTime(begin)}, after its end ${isoTime(last)}`}`,
      'give another --profile, or change its notBefore and notAfter in the configuration: --conf FOLDER',
    );
  const start = notBefore ? ['-startdate', caTime(notBefore)] : [];
  // openssl counts days from its own start on, which a run may reach hours after this, and from no other beginning.
  const isExact = wanted !== undefined || notBefore !== undefined || until.getTime() > end.getTime() - DAY;
  if (isExact) return [...start, '-enddate', caTime(last)];
  return [...start, '-days', String(count)];
}

function tooLong(stem: string, days: number, end: Date, begin: Date): Error {
  const most = Math.floor((end.getTime() - begin.getTime()) / DAY);
  return new UsageError(
    `--days ${days} is longer than ${stem} lasts, which ends ${isoTime(end)}`,
    most > 0 ? `give at most --days ${most}` : `trustme-pki renew ${stem} --cascade`,
  );
}
