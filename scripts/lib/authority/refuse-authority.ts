// A CA that must not sign: no key, expired, or revoked by the CA above it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { serialOf } from '../store/database-rows.ts';
import type { Authority } from './open.ts';
import { revocationOf } from './revoked.ts';

/** Throws a StateError that says what to do instead. */
export function refuseAuthority({ certificate: { certificate }, path, stem }: Authority): void {
  if (!existsSync(join(path, `${stem}.key`)))
    throw new StateError(`the key of ${stem} is not in the directory`, 'sign where the key is');
  if (new Date(certificate.validTo) < new Date())
    throw new StateError(`${stem} has expired (${certificate.validTo})`, `trustme-pki renew ${stem} --cascade`);
  const revocation = revocationOf(path, serialOf(certificate.serialNumber));
  if (revocation !== undefined)
    throw new StateError(
      `${stem} was revoked by ${revocation.ca}`,
      `nobody would accept what it signs: trustme-pki rekey ${stem} --cascade`,
    );
}
