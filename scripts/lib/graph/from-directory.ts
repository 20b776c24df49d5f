// A PKI directory, whoever made it, and what is said of it, into a picture.
import type { Finding } from '../check/finding.ts';
import { makesCa } from '../model/extensions.ts';
import { asUnreadable, type PkiDirectory, readPkiDirectory } from '../store/directory.ts';
import { refuseNoPki } from '../store/no-pki.ts';
import { collectCertificates, type Held } from './directory-certificates.ts';
import { assignFindings, filesOf, issuedToRequests } from './directory-files.ts';
import { type Linked, linkCertificates } from './link.ts';
import { groupRoots, type Picture, type PictureCertificate, type Role } from './picture.ts';
import { type Clock, stateOf } from './status.ts';
import { holdersOf, readVariables, type Variables } from './uefi-variables.ts';

interface Context {
  readonly directory: PkiDirectory;
  readonly clock: Clock;
  readonly findings: ReadonlyMap<Held, readonly Finding[]>;
  readonly variables: Variables;
}

/** A directory with at least one certificate file. */
export interface OpenDirectory {
  readonly directory: PkiDirectory;
  readonly certificates: readonly Held[];
}

/** Throws a StateError where there is no directory, or nothing in it that would be a certificate. */
export function openDirectory(path: string): OpenDirectory {
  const directory = read(path);
  refuseNoPki(directory, path);
  return { directory, certificates: collectCertificates(directory) };
}

function read(path: string): PkiDirectory {
  try {
    return readPkiDirectory(path);
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

export function pictureOfDirectory(open: OpenDirectory, findings: readonly Finding[], clock: Clock): Picture {
  const { directory, certificates } = open;
  const { byCertificate, others } = assignFindings(certificates, findings);
  const variables = readVariables(directory, certificates);
  const context = { directory, clock, findings: byCertificate, variables };
  const roots = linkCertificates(certificates).map(root => certificateOf(root, undefined, context));
  return {
    schema: 1,
    source: 'directory',
    title: directory.path,
    now: clock.now.toISOString(),
    groups: groupRoots(roots),
    findings: others,
  };
}

function certificateOf(
  { known, issued }: Linked<Held>,
  issuer: Held | undefined,
  context: Context,
): PictureCertificate {
  const { facts, stem, file } = known;
  const { clock, directory, variables } = context;
  const variable = variables.get(stem ?? '');
  return {
    stem: stem ?? '',
    file,
    commonName: commonNameOf(facts.subject) ?? file,
    role: variable ? 'UEFI key' : roleOf(known),
    subject: facts.subject,
    issuer: commonNameOf(facts.issuer) ?? '',
    isIssuerKnown: known.isSelfSigned || issuer !== undefined,
    keyType: facts.isPssKey ? `${facts.keyType} (rsa-pss)` : facts.keyType,
    notBefore: facts.notBefore.toISOString(),
    notAfter: facts.notAfter.toISOString(),
    state: stateOf(facts.notBefore, facts.notAfter, clock),
    extensions: [...facts.extensions].map(([name, value]) => ({ name, value })),
    serial: facts.serial,
    signature: facts.signature,
    sha256: facts.sha256,
    files: filesOf(known, directory),
    variable,
    heldBy: holdersOf(stem, variables.values()),
    issuedToRequests: issuedToRequests(
      known,
      issued.map(each => each.known),
      directory,
    ),
    findings: context.findings.get(known) ?? [],
    issued: issued.map(each => certificateOf(each, known, context)),
  };
}

function roleOf({ facts, isSelfSigned }: Held): Role {
  if (!makesCa(facts.extensions.get('basicConstraints'))) return 'end-entity certificate';
  return isSelfSigned ? 'root CA' : 'subordinate CA';
}

/** The most specific common name; of a name without one its last attribute. */
const commonNameOf = (name: Held['facts']['subject']): string | undefined =>
  (name.findLast(attribute => /^\+?commonName$/.test(attribute.name)) ?? name.at(-1))?.value;
