// A CA that must not sign: no key, expired, or revoked by the CA above it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { parseIndex, serialOf } from '../store/database-rows.ts';
import { authoritiesWithDatabase, indexFile } from './database.ts';
import type { Authority } from './open.ts';

/** Throws a StateError that says what to do instead. */
export function refuseAuthority({ certificate: { certificate }, path, stem }: Authority): void {
  if (!existsSync(join(path, `${stem}.key`)))
    throw new StateError(`the key of ${stem} is not in the directory`, 'sign where the key is');
  if (new Date(certificate.validTo) < new Date())
    throw new StateError(`${stem} has expired (${certificate.validTo})`, `trustme-pki renew ${stem} --cascade`);
  const revoker = revokerOf(path, serialOf(certificate.serialNumber));
  if (revoker !== undefined)
    throw new StateError(
      `${stem} was revoked by ${revoker}`,
      `nobody would accept what it signs: trustme-pki rekey ${stem} --cascade`,
    );
}

/** The CA in whose index a serial number is revoked. Serial numbers are random: one alone has it. */
const revokerOf = (path: string, serial: string): string | undefined =>
  authoritiesWithDatabase(path).find(ca => {
    const text = readFileSync(join(path, indexFile(ca)), 'latin1');
    // Most of a hundred thousand rows are of no interest.
    return text.includes(serial) && parseIndex(text).rows.some(row => row.serial === serial && row.status === 'R');
  });
