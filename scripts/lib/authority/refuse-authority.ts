// A CA that must not sign: no key, not yet valid, expired, or revoked, as is what stands below a CA that is revoked.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { serialOf } from '../store/database-rows.ts';
import type { Authority } from './open.ts';
import { revocationOf } from './revoked.ts';

/** Throws a StateError that says what to do instead. */
export function refuseAuthority({ certificate: own, above, path, stem }: Authority): void {
  const { certificate } = own;
  if (!existsSync(join(path, `${stem}.key`)))
    throw new StateError(`the key of ${stem} is not in the directory`, 'sign where the key is');
  if (new Date(certificate.validFrom) > new Date())
    throw new StateError(`${stem} is not valid before ${certificate.validFrom}`, 'look at the clock');
  if (new Date(certificate.validTo) < new Date())
    throw new StateError(`${stem} has expired (${certificate.validTo})`, `trustme-pki renew ${stem} --cascade`);
  for (const each of [own, ...above]) {
    const revocation = revocationOf(path, serialOf(each.certificate.serialNumber));
    if (revocation === undefined) continue;
    const where = each === own ? '' : `, and ${stem} is below it`;
    throw new StateError(
      `${each.stem} was revoked by ${revocation.ca} (${revocation.reason})${where}`,
      revocation.reason === 'certificateHold'
        ? `release it first: trustme-pki revoke ${each.stem} --reason removeFromCRL`
        : `nobody would accept what ${stem} signs: trustme-pki rekey ${each.stem} --cascade`,
    );
  }
}
