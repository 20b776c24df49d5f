// Keys that a CA had before `rekey`: what they signed is valid for as long as their certificates are, and only a list by
// the same key tells those who have it of a revocation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import type { PrivateKey } from '../plan/private-key.ts';
import { certificateIn } from '../store/certificate.ts';
import { isByKeyOf } from '../store/issuer.ts';
import { crlFile, issuedFile, retiredFile } from '../store/names.ts';
import { type FormerKey, formerKeys, keptOf } from '../store/retired.ts';
import { formerKeyOf } from './directory-key.ts';
import { findAuthority, type OpenDirectory } from './open.ts';

export interface FormerSigner {
  readonly former: FormerKey;
  readonly key: PrivateKey;
}

/** Those that can sign a list; of the others people are told. */
export function formerSigners(open: OpenDirectory, ca: string, note: (text: string) => void): FormerSigner[] {
  for (const { key, serial, certificate } of keptOf(open.directory.path, ca))
    if (key !== undefined && !certificate)
      note(
        `trustme-pki: ${ca}: no list by the key "${key}": "${retiredFile(ca, serial, 'pem')}" does not hold its certificate; who has the chain of that learns of no revocation`,
      );
  return formerKeys(open.directory.path, findAuthority(open, ca), new Date()).flatMap(former => {
    const key = former.key === undefined ? undefined : formerKeyOf(open, ca, former.key);
    if (key) return [{ former, key }];
    const why =
      former.key === undefined
        ? `"${retiredFile(ca, former.serial, 'key')}" is not there`
        : `"${former.key}" is in a token`;
    note(
      `trustme-pki: ${ca}: no list by the key that it had before: ${why}; who has the chain of "${former.file}" learns of no revocation`,
    );
    return [];
  });
}

/**
 * Throws a StateError where a key that the CA had before has signed a certificate: an answer about it would carry the
 * digest of the key of today, and clients look for that of its own issuer.
 */
export function refuseFormer(open: OpenDirectory, ca: string, serial: string, given: string): void {
  const { path } = open.directory;
  const authority = findAuthority(open, ca);
  const certificate = issuedCertificate(path, ca, serial);
  if (!certificate || isByKeyOf(authority.certificate, certificate)) return;
  const former = formerKeys(path, authority, new Date()).find(each => isByKeyOf(each.certificate, certificate));
  throw new StateError(
    `"${given}" was signed by a key that ${ca} had before: no answer by the key of today counts for it`,
    former
      ? `its status is on the list "${crlFile(ca, former.serial)}", which "trustme-pki crl ${ca}" makes`
      : 'the certificate of that key has expired, or is not in the directory: nobody accepts what it signed',
  );
}

/** undefined: its file is not there, which is for `verify` to tell. */
function issuedCertificate(path: string, ca: string, serial: string) {
  try {
    return certificateIn(readFileSync(join(path, issuedFile(ca, serial))));
  } catch {
    return undefined;
  }
}

/** For people, after a CA has got a new key. */
export const publishHint = (ca: string, former: string): string =>
  `${ca}: what the old key signed stays valid as long as its old certificate; publish both lists of "trustme-pki crl ${ca}" from now on: ${crlFile(ca)} and ${crlFile(ca, former)}`;
