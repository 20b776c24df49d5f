// Is a certificate that comes from elsewhere the one that was asked for?
import type { X509Certificate } from 'node:crypto';
import { printable, StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { withKey } from '../model/supplied.ts';
import type { Entity } from '../model/types.ts';
import { keyFacts } from '../renewal/entities.ts';
import { certificateIn } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { certificateKey } from '../store/der.ts';
import { differencesOf } from '../store/differences.ts';
import { readInput } from '../store/input-file.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { signCommand } from './profile.ts';

/** The first certificate of a file, PEM or DER. */
export function readCertificate(given: string): X509Certificate {
  const certificate = certificateIn(readInput(given));
  if (certificate) return certificate;
  throw new StateError(`"${given}" holds no certificate`, 'give what sign-csr made: NAME.cert');
}

/** What a certificate is held against. */
export interface Wanted {
  readonly entity: Entity;
  readonly hierarchy: Hierarchy;
  /** Its public key, a DER subjectPublicKeyInfo. */
  readonly key: Buffer;
  readonly issuer: X509Certificate;
}

/**
 * In words, in one line, what is not as it was asked for, which is refused unless it is accepted. Throws a StateError, too, where the
 * certificate is for another key, by another issuer, or over. `given` is its path.
 */
export function judgeCertificate(
  given: string,
  certificate: X509Certificate,
  wanted: Wanted,
  acceptsDifferences: boolean,
): string {
  refuseOther(given, certificate, wanted);
  const { hierarchy } = wanted;
  // Its key is the one that was asked for, of whatever kind the configuration would make one today.
  const entity = withKey(wanted.entity, keyFacts(certificate));
  const told = differencesOf(entity, hierarchy, describeCertificate(certificate.raw))
    // How long it lasts is the issuer's to say.
    .filter(({ key }) => !/^(days|notBefore|notAfter)$/.test(key))
    .map(({ key, is, should }) => printable(`${key} is "${is}", asked for was "${should}"`))
    .join('; ');
  if (told !== '' && !acceptsDifferences)
    throw new StateError(
      `"${given}" is not what was asked for: ${told}`,
      `have it signed by the right profile: ${signCommand(entity, hierarchy.get(entity.issuer), true)}; or take it as it is: --accept-differences`,
    );
  return told;
}

function refuseOther(given: string, certificate: X509Certificate, { entity, key, issuer }: Wanted): void {
  if (!certificateKey(certificate.raw).equals(key))
    throw new StateError(
      `"${given}" is a certificate for another key than that of ${entity.stem}`,
      `give the one for ${entity.stem}.csr`,
    );
  if (!isIssuedBy(certificate, issuer))
    throw new StateError(
      `"${given}" was not issued by ${entity.issuer} as this directory knows it`,
      `compare the fingerprints of ${entity.issuer} on both machines`,
    );
  const [begin, end] = [certificate.validFrom, certificate.validTo].map(text => new Date(text)) as [Date, Date];
  const now = new Date();
  if (now < begin || now > end)
    throw new StateError(
      `"${given}" is valid from ${begin.toISOString()} to ${end.toISOString()}, and now it is ${now.toISOString()}`,
      'look at the clocks of both machines',
    );
}
