// A certificate that `issue` made, again with its key, subject and names: by the profile that fits what it is for.
import { renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { keyOf } from '../authority/directory-key.ts';
import { type Authority, type OpenDirectory, openLocked } from '../authority/open.ts';
import { profileFor } from '../authority/profile-section.ts';
import { namesOf } from '../authority/request-policy.ts';
import { requestConfiguration } from '../authority/request-text.ts';
import { signRequests } from '../authority/sign-requests.ts';
import { StateError } from '../errors.ts';
import { isoTime } from '../model/validity.ts';
import { commandWithKey } from '../plan/job.ts';
import { passin } from '../plan/private-key.ts';
import { runCommand } from '../run/exec.ts';
import type { Report } from '../run/report.ts';
import { parseCertificate } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { serialOf, wholeSerial } from '../store/database-rows.ts';
import { firstCertificate, syncPath, writeNew } from '../store/files.ts';
import { retire } from '../store/retired.ts';
import { HELD } from './locks.ts';
import { refuseLinked } from './refuse-linked.ts';
import type { Outcome } from './renew.ts';
import type { Issued } from './select.ts';

/** Signs it again, with the lock of its CA held, and puts it in the place of the old one, which stays in the database. */
export async function reissue(
  open: OpenDirectory,
  { certificate: { stem, file, certificate }, issuer }: Issued,
  report: Report,
  controller: AbortController,
): Promise<Outcome> {
  refuseLinked(open.directory.path, [file]);
  const authority = await openLocked(open, issuer, HELD, controller, text => report.note(text));
  try {
    const made = await sign(authority, open, stem, certificate.raw);
    const retired = retire(
      authority.path,
      stem,
      serialOf(certificate.serialNumber),
      firstCertificate(join(authority.path, file)),
    );
    renameSync(made, join(authority.path, file));
    syncPath(authority.path);
    const { serialNumber, validTo } = parseCertificate(firstCertificate(join(authority.path, file)));
    const notAfter = isoTime(new Date(validTo));
    const renewed = [{ name: stem, issuer, serial: wholeSerial(serialOf(serialNumber)), notAfter }];
    return { renewed, files: [file, retired], fieldUpdates: [] };
  } finally {
    authority.close();
  }
}

/** The path of the new file, in the work folder of the CA. */
async function sign(authority: Authority, open: OpenDirectory, stem: string, der: Buffer): Promise<string> {
  const { path, work, surroundings } = authority;
  const { subject, extensions } = describeCertificate(der);
  const [configuration, request, output] = ['new.cnf', 'new.csr', 'new.cert'].map(name => join(work, name)) as [
    string,
    string,
    string,
  ];
  const names = namesOf(extensions.get('subjectAltName') ?? '').filter(name => name !== '');
  writeNew(configuration, requestConfiguration(subject, names));
  const key = keyOf(open, stem);
  const args = [
    ...['req', '-new', '-batch', '-config', relative(path, configuration), '-key', key.argument],
    ...passin(key),
    ...['-out', relative(path, request)],
  ];
  await runCommand(commandWithKey('openssl', args, key), `request of ${stem}`, surroundings);
  const signing = {
    profile: profileFor(authority, extensions.get('extendedKeyUsage')),
    days: undefined,
    isLeafOnly: false,
    isSameKeyAllowed: true,
    // Many keys sign the same request alike each time: RSA, Ed25519.
    isAgain: true,
    blocklists: [],
    width: 1,
  };
  const [result] = await signRequests(authority, [{ given: stem, file: request, output }], signing, () => {});
  if (result?.result !== 'signed')
    throw new StateError(`${authority.stem} does not renew "${stem}": ${result?.reason ?? 'no reason given'}`);
  return output;
}
