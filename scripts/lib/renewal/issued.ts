// A certificate that `issue` made, again with its key, subject and names: by the profile that gives what it has.
import { renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { configurationOf } from '../authority/configuration.ts';
import { keyOf } from '../authority/directory-key.ts';
import { type Authority, authoritiesOf, findAuthority, type OpenDirectory, openLocked } from '../authority/open.ts';
import { profileFor } from '../authority/profile-fit.ts';
import { refuseAuthority } from '../authority/refuse-authority.ts';
import { namesOf } from '../authority/request-policy.ts';
import { requestConfiguration } from '../authority/request-text.ts';
import { signRequests } from '../authority/sign-requests.ts';
import { afterwards, isPkiError, StateError } from '../errors.ts';
import { isoTime } from '../model/validity.ts';
import { commandWithKey } from '../plan/job.ts';
import { passin } from '../plan/private-key.ts';
import { runCommand } from '../run/exec.ts';
import type { Report } from '../run/report.ts';
import { parseCertificate } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { serialOf, wholeSerial } from '../store/database-rows.ts';
import { firstCertificate, syncPath, writeNew } from '../store/files.ts';
import { issuersOf } from '../store/issuer.ts';
import { retire } from '../store/retired.ts';
import { HELD } from './locks.ts';
import { refuseLinked } from './refuse-linked.ts';
import type { Outcome } from './renew.ts';
import type { Issued, Selection } from './select.ts';

export type WithProfile = Issued & { readonly profile: string };

type Signer = Pick<Authority, 'stem' | 'path' | 'certificate' | 'above' | 'configuration'>;

/** What can be asked of a CA before it is locked; read once for all that it signed. */
async function signerOf(open: OpenDirectory, name: string): Promise<Signer> {
  const certificate = findAuthority(open, name);
  return {
    stem: certificate.stem,
    path: open.directory.path,
    certificate,
    above: issuersOf(certificate, authoritiesOf(open)),
    configuration: await configurationOf(open, certificate),
  };
}

/**
 * Those certificates with their profiles, asked before anything is made. Throws a StateError where one has none, or its CA
 * must not sign; among what expires it is told as one that cannot be renewed here.
 */
export async function withProfiles(open: OpenDirectory, selection: Selection, isExpiring: boolean) {
  const { path } = open.directory;
  const [issued, hindered] = [[] as WithProfile[], [...selection.hindered]];
  const renewed = new Set([...selection.entities, ...selection.issued.map(each => each.certificate.stem)]);
  const signers = new Map<string, Signer>();
  for (const each of selection.issued) {
    const { stem, file, certificate } = each.certificate;
    const authority = signers.get(each.issuer) ?? (await signerOf(open, each.issuer));
    signers.set(each.issuer, authority);
    try {
      refuseLinked(path, [file]);
      // One that is renewed itself is asked about with what signs it.
      if (!renewed.has(authority.stem)) refuseAuthority(authority);
      issued.push({ ...each, profile: profileFor(authority, stem, describeCertificate(certificate.raw)) });
    } catch (error) {
      if (!isPkiError(error) || !isExpiring) throw error;
      hindered.push({ name: stem, reason: error.message, hint: error.hint ?? 'issue another' });
    }
  }
  return { ...selection, issued, hindered };
}

/**
 * Signs them again, one by one: one that fails keeps no other from its certificate. `failure` is the first error, and says
 * what was made, `before` this too, and what was not; undefined: there is none. It is thrown where nothing was made.
 */
export async function reissueAll(
  open: () => OpenDirectory,
  issued: readonly WithProfile[],
  before: readonly Outcome[],
  report: Report,
  controller: AbortController,
): Promise<{ readonly parts: readonly Outcome[]; readonly failure: unknown }> {
  const parts = [...before];
  const failed = new Map<string, unknown>();
  for (const each of issued) {
    const { stem } = each.certificate;
    try {
      controller.signal.throwIfAborted();
      parts.push(await reissue(open(), each, report, controller));
    } catch (error) {
      // A signal is told once.
      if (failed.size > 0 && !controller.signal.aborted)
        report.note(`trustme-pki: ${stem} was not renewed: ${(error as Error).message}`);
      failed.set(stem, error);
    }
  }
  const [first] = failed.values();
  if (failed.size === 0) return { parts, failure: undefined };
  const renewed = parts.flatMap(part => part.renewed.map(({ name }) => name)).join(', ');
  if (renewed === '') throw failed.size === 1 ? first : afterwards(first, notRenewed(failed));
  return { parts, failure: afterwards(first, `renewed before, and published: ${renewed}; ${notRenewed(failed)}`) };
}

const notRenewed = (failed: ReadonlyMap<string, unknown>): string => `not renewed: ${[...failed.keys()].join(', ')}`;

/** Signs it again, with the lock of its CA held, and puts it in the place of the old one, which stays in the database. */
async function reissue(
  open: OpenDirectory,
  { certificate: { stem, file, certificate }, issuer, profile }: WithProfile,
  report: Report,
  controller: AbortController,
): Promise<Outcome> {
  const authority = await openLocked(open, issuer, HELD, controller, text => report.note(text));
  try {
    const made = await sign(authority, open, stem, certificate.raw, profile);
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
async function sign(
  authority: Authority,
  open: OpenDirectory,
  stem: string,
  der: Buffer,
  profile: string,
): Promise<string> {
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
    profile,
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
