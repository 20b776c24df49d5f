// A certificate that was made elsewhere joins its directory: held against what was asked for, and published with
// everything that contains it; or, where the PKI is not there yet, kept until the last one has come.
import type { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { keyOf, passphraseOf } from '../authority/directory-key.ts';
import { authoritiesOf, type OpenDirectory } from '../authority/open.ts';
import { appendProtocol, certificateValues, isEntered, keyFingerprint, type Step } from '../authority/protocol.ts';
import { refuseRevokedAuthority } from '../authority/refuse-authority.ts';
import { firstRevoked } from '../authority/revoked.ts';
import { StateError } from '../errors.ts';
import type { GenerateOptions } from '../generate/generate.ts';
import { passphraseVariable, requirePassphrases } from '../generate/prepare.ts';
import { spoken } from '../model/protocol.ts';
import type { Entity } from '../model/types.ts';
import { type Renewing, renewSelection, type SessionOutcome } from '../renewal/chosen.ts';
import { entitiesThere } from '../renewal/inputs.ts';
import { withProfiles } from '../renewal/issued.ts';
import { listsOf } from '../renewal/lists.ts';
import { type Issued, presentIn, type Selection, selectCertificates } from '../renewal/select.ts';
import { inSession, type Session } from '../renewal/session.ts';
import { surroundingsIn } from '../run/exec.ts';
import type { PlanReport } from '../run/report.ts';
import { inTemporary } from '../run/temporary.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { certificateKey } from '../store/der.ts';
import { byStem, type PkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { isIssuedBy, issuersOf } from '../store/issuer.ts';
import { keyFile, pendingFile, requestOutputs } from '../store/names.ts';
import { readProtocol } from '../store/protocol.ts';
import { removeTree } from '../store/remove-tree.ts';
import { type Pending, readPending } from '../store/requests.ts';
import { readWaiting } from '../store/waiting-request.ts';
import { judgeCertificate, readCertificate } from './judge.ts';
import { rehearseFor } from './rehearse.ts';

export interface ImportChoice {
  readonly name: string;
  /** Path of the certificate (PEM or DER); a chain may follow it. */
  readonly certificate: string;
  /** Whether what is below it is renewed, too. */
  readonly isCascading: boolean;
  /** Whether it is taken although it is not what was asked for. */
  readonly acceptsDifferences: boolean;
}

export interface Imported extends SessionOutcome {
  /** SHA-256 of the certificate and of its key, in groups of four digits. */
  readonly sha256: string;
  readonly keySha256: string;
  /** What is not as it was asked for. */
  readonly differences: string;
}

/** This directory may know that it is revoked, where the CA is here as well. */
function refuseRevoked(given: string, certificate: X509Certificate, path: string): void {
  const revocation = firstRevoked(path, [certificate]);
  if (revocation)
    throw new StateError(
      `"${given}" was revoked by ${revocation.ca} (${revocation.reason})`,
      'have the request signed again: sign-csr --again, or --same-key',
    );
}

/** Takes a certificate into a PKI that is there. `failure`: as of a renewal. */
export function importCertificate(
  given: OpenDirectory,
  choice: ImportChoice,
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<{ readonly imported: Imported; readonly failure: unknown }> {
  const { name } = choice;
  return inSession(given, report, controller, async session => {
    const { open, settings, now } = session;
    const { path, certificates } = open.directory;
    readProtocol(path);
    const present = byStem(certificates);
    const pending = readPending(path).get(name);
    const own = present.get(name);
    if (!own) throw new StateError(`"${open.options.dir}" has no certificate "${name}"`, 'give the name of an entity');
    const rekeyed = new Set(pending?.key === undefined ? [] : [name]);
    const hierarchy = entitiesThere(open, settings.configuration.hierarchy, rekeyed, now);
    const entity = hierarchy.get(name);
    const issuer = entity && present.get(entity.issuer);
    if (!entity || !issuer)
      throw new StateError(
        `no entity "${name}" with an issuer in "${open.options.dir}"`,
        'give its configuration: --conf',
      );
    const certificate = readCertificate(choice.certificate);
    const publicKey = pending ? readWaiting(path, name).publicKey : certificateKey(own.certificate.raw);
    const wanted = { entity, hierarchy, key: publicKey, issuer: issuer.certificate };
    refuseRevoked(choice.certificate, certificate, path);
    refuseRevokedAuthority({ certificate: issuer, above: issuersOf(issuer, authoritiesOf(open)), path });
    const told = judgeCertificate(choice.certificate, certificate, wanted, choice.acceptsDifferences);
    const variable =
      pending?.key === undefined ? passphraseOf(open, name) : passphraseVariable(entity, options.environment);
    requirePassphrases([entity], () => variable, options.environment);
    if (options.isRehearsed) {
      const rehearsal = await rehearseFor(path, options, report, controller);
      rehearsal.compare(new Map([[name, describeCertificate(certificate.raw)]]), [{ ...entity, supplied: undefined }]);
    }
    const isThere = own.certificate.raw.equals(certificate.raw);
    const { outcome, failure } = await publish(session, choice, certificate, pending, {
      width: options.width,
      isThere,
    });
    const step = { step: 'import', entity: name, values: importValues(entity, certificate, told) } as const;
    if (!isThere || !isEntered(path, step)) await protocol(session, step, certificate);
    clearRequest(path, name);
    const sha256 = spoken(certificate.fingerprint256);
    return { imported: { ...outcome, sha256, keySha256: keyFingerprint(publicKey), differences: told }, failure };
  });
}

/** What was made for the way to the other machine and back. */
function clearRequest(path: string, name: string): void {
  removeTree(dirname(join(path, pendingFile(name, 'key'))));
  for (const file of requestOutputs(name)) rmSync(join(path, file), { force: true });
}

const NOTHING: SessionOutcome = {
  renewed: [],
  files: [],
  fieldUpdates: [],
  hindered: [],
  dependants: [],
  elsewhere: {},
};

/** A renewal whose certificate is made already; where it is in its place, what a run that was stopped left below it. */
async function publish(
  session: Session,
  { name, isCascading }: ImportChoice,
  certificate: X509Certificate,
  pending: Pending | undefined,
  { width, isThere }: { readonly width: number; readonly isThere: boolean },
): Promise<Renewing> {
  const { open, settings, now } = session;
  const { directory } = open;
  const { hierarchy } = settings.configuration;
  if (isThere && !isCascading) return { outcome: NOTHING, failure: undefined };
  const isRekeyed = pending?.key !== undefined;
  const wanted = { names: [name], expiring: undefined, isCascading, isRekeyed, imported: new Set([name]) };
  const chosen = selectCertificates(wanted, presentIn(directory), hierarchy, now);
  const selection = await withProfiles(open, isThere ? unfinished(chosen, directory) : chosen, false);
  return inTemporary(async folder => {
    const file = join(folder, 'certificate.pem');
    writeNew(file, certificate.toString());
    const key = pending?.key ?? resolve(directory.path, keyFile(name));
    const change = {
      lists: listsOf(directory, hierarchy),
      touched: new Set<string>(),
      clearsPlatformKey: false,
      imported: new Map([[name, { certificate: file, key }]]),
    };
    return renewSelection(session, selection, change, { width });
  });
}

/** What `issue` made, and the present certificate of its CA did not sign. */
function unfinished(selection: Selection, { certificates }: PkiDirectory): Selection {
  const present = byStem(certificates);
  const isLeft = ({ certificate: { certificate }, issuer }: Issued) =>
    !isIssuedBy(certificate, present.get(issuer)!.certificate);
  return { ...selection, entities: new Set(), issued: selection.issued.filter(isLeft) };
}

async function protocol(
  { open, controller }: Session,
  step: Omit<Step, 'key' | 'publicKey'>,
  certificate: X509Certificate,
): Promise<void> {
  const { options } = open;
  // The key may be a new one, and lie elsewhere than the one that was read.
  const now = { ...open, directory: { ...open.directory, keys: new Set([...open.directory.keys, step.entity]) } };
  const key = keyOf(now, step.entity);
  const surroundings = surroundingsIn(open.directory.path, options.environment, controller);
  const publicKey = certificateKey(certificate.raw);
  await appendProtocol(open.directory.path, { ...step, key, publicKey }, surroundings);
}

/** What the protocol says of an import. */
export const importValues = ({ issuer }: Entity, certificate: X509Certificate, differences: string) =>
  [
    ...certificateValues(certificate),
    ['issuer', issuer],
    ...(differences === '' ? [] : [['not as asked for', differences] as const]),
  ] as const;
