// A CA that must not sign: no key, not yet valid, expired, or revoked, as is what stands below a CA that is revoked.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { excludedPurpose } from '../model/purposes.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { extensionIn } from '../store/key-identifiers.ts';
import type { Authority } from './open.ts';
import { firstRevoked } from './revoked.ts';

/** Throws a StateError that says what to do instead. */
export function refuseAuthority(authority: Pick<Authority, 'certificate' | 'above' | 'path' | 'stem'>): void {
  const { path, stem } = authority;
  const { certificate } = authority.certificate;
  if (!existsSync(join(path, `${stem}.key`)))
    throw new StateError(`the key of ${stem} is not in the directory`, 'sign where the key is');
  if (new Date(certificate.validFrom) > new Date())
    throw new StateError(`${stem} is not valid before ${certificate.validFrom}`, 'look at the clock');
  if (new Date(certificate.validTo) < new Date())
    throw new StateError(`${stem} has expired (${certificate.validTo})`, `trustme-pki renew ${stem} --cascade`);
  refuseRevokedAuthority(authority);
}

/** The same for one that is revoked, or stands below one that is. */
export function refuseRevokedAuthority({
  certificate: own,
  above,
  path,
}: Pick<Authority, 'certificate' | 'above' | 'path'>): void {
  const { stem } = own;
  const authorities = [own, ...above];
  const revocation = firstRevoked(
    path,
    authorities.map(each => each.certificate),
  );
  if (revocation === undefined) return;
  const revoked = authorities.find(each => each.certificate === revocation.certificate)!;
  const where = revoked === own ? '' : `, and ${stem} is below it`;
  throw new StateError(
    `${revoked.stem} was revoked by ${revocation.ca} (${revocation.reason})${where}`,
    revocation.reason === 'certificateHold'
      ? `release it first: trustme-pki revoke ${revoked.stem} --reason removeFromCRL`
      : `nobody would accept what ${stem} signs: trustme-pki rekey ${revoked.stem} --cascade`,
  );
}

/** RFC 5280 4.2.1.12. */
const EXTENDED_KEY_USAGE = '2.5.29.37';

/** Throws a StateError where its certificate, or one above it, does not allow a purpose that a profile gives. */
export function refusePurposes(
  { certificate: own, above }: Pick<Authority, 'certificate' | 'above'>,
  purposes: string | undefined,
): void {
  for (const { stem, certificate } of purposes === undefined ? [] : [own, ...above]) {
    // Few CAs have one: what reads the whole certificate takes long to load.
    if (extensionIn(certificate.raw, EXTENDED_KEY_USAGE) === undefined) continue;
    const purpose = excludedPurpose(purposes, describeCertificate(certificate.raw).extensions.get('extendedKeyUsage'));
    if (purpose !== undefined)
      throw new StateError(
        `the extendedKeyUsage of ${stem} allows no ${purpose} below: nobody would accept the certificate for it`,
        `give another --profile, or one without it in [issued] of ${own.stem}.ini: --conf FOLDER`,
      );
  }
}
