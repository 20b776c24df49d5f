// Is every certificate valid now, and for a while yet?
import { DAY } from '../model/validity.ts';
import type { CertificateFile } from '../store/directory.ts';
import { error, type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

const SHORT_LIFE = 30;
const RENEW = 'make a new one in time; trust anchors have to get to every device';

export function checkValidity({ directory, issuers, now, options }: Inspection): Finding[] {
  return directory.certificates.flatMap(each => [
    ...checkTime(each, now, options.expiresWithinDays),
    ...checkIssuersTime(each, issuers.get(each)),
  ]);
}

function checkTime({ file, certificate }: CertificateFile, now: Date, days: number): Finding[] {
  const [from, until] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (until < now) return [error('expired', file, `it expired on ${day(until)}`, 'make a new one')];
  if (from > now)
    return [
      error(
        'not-yet-valid',
        file,
        `it is not valid before ${day(from)}`,
        'look at the clock; nobody accepts it before then',
      ),
    ];
  const left = Math.floor((until.getTime() - now.getTime()) / DAY);
  // What is made for a few days would always be about to end.
  const life = (until.getTime() - from.getTime()) / DAY;
  const soon = life > SHORT_LIFE ? days : Math.min(days, life / 3);
  return until.getTime() - now.getTime() < soon * DAY
    ? [warning('expires-soon', file, `it expires on ${day(until)}, in ${left === 1 ? '1 day' : `${left} days`}`, RENEW)]
    : [];
}

function checkIssuersTime(subject: CertificateFile, issuer: CertificateFile | undefined): Finding[] {
  if (!issuer || issuer === subject) return [];
  const [own, above] = [new Date(subject.certificate.validTo), new Date(issuer.certificate.validTo)];
  return own > above
    ? [
        warning(
          'outlives-issuer',
          subject.file,
          `it is valid until ${day(own)}, "${issuer.file}" only until ${day(above)}`,
          'renew the issuer in time, with the same key',
        ),
      ]
    : [];
}

/** 1970 where openssl itself cannot read the time. */
const day = (time: Date): string => (Number.isNaN(time.getTime()) ? 'an unknown day' : time.toISOString().slice(0, 10));
