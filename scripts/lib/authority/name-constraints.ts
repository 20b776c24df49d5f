// Names that a CA, or one above it, may not certify: openssl, as whoever verifies later, says so before a certificate is
// entered. Only CAs with such constraints are asked.
import type { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CommandError } from '../errors.ts';
import { pemToDer } from '../model/pem.ts';
import { command } from '../plan/job.ts';
import { runCommand } from '../run/exec.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { extensionIn } from '../store/key-identifiers.ts';
import type { Made } from './batch.ts';
import type { Authority } from './open.ts';
import { namesOf } from './request-policy.ts';

type Path = readonly X509Certificate[];

/** The certificates above what a CA signs, its own first, where one of them has name constraints; else none. */
function constrainingPath({ certificate: ca, above }: Authority): Path {
  const path = [ca.certificate, ...(above.length > 0 ? above.map(({ certificate }) => certificate) : ca.chain)];
  return path.some(({ raw }) => extensionIn(raw, NAME_CONSTRAINTS) !== undefined) ? path : [];
}

/** RFC 5280 4.2.1.10. */
const NAME_CONSTRAINTS = '2.5.29.30';

/** X509_V_ERR_PERMITTED_VIOLATION to X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, with the file in a later line. */
const VIOLATION = /^error (?:4[7-9]|5[0-3]) at \d+ depth lookup: (.*)$/;

/** Why certificates in `folder` break the constraints, by file; empty: they do not. */
export async function nameViolations(
  authority: Authority,
  made: readonly Made[],
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const path = constrainingPath(authority);
  if (path.length === 0) return new Map();
  const write = (name: string, certificates: Path) => {
    writeFileSync(join(folder, name), certificates.join(''));
    return relative(authority.path, join(folder, name));
  };
  // The last alone is an anchor: openssl looks no further than to the first.
  const args = ['-partial_chain', '-no_check_time', '-trusted', write('anchor.pem', path.slice(-1))];
  const between = path.length > 1 ? ['-untrusted', write('between.pem', path.slice(0, -1))] : [];
  const files = made.map(({ file }) => relative(authority.path, file));
  try {
    const verification = command('openssl', ['verify', ...args, ...between, ...files]);
    await runCommand(verification, `name constraints of ${authority.stem}`, authority.surroundings);
    return unclearHosts(path, made);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return new Map([...unclearHosts(path, made), ...violationsIn(error.stderr, authority.path)]);
  }
}

/** Where hosts of URIs are constrained: certificates with a URI whose host openssl does not find as others do, by file. */
function unclearHosts(path: Path, made: readonly Made[]): ReadonlyMap<string, string> {
  const isAboutHosts = path.some(({ raw }) => /;URI:/.test(extensionsOf(raw).get('nameConstraints') ?? ''));
  if (!isAboutHosts) return new Map();
  return new Map(
    made.flatMap(({ pem, file }) => {
      const names = namesOf(extensionsOf(pemToDer(pem)).get('subjectAltName') ?? '');
      const unclear = names.find(name => name.startsWith('URI:') && !hasPlainHost(name.slice('URI:'.length)));
      return unclear === undefined ? [] : [[file, `"${unclear}" has no host that all readers find alike`] as const];
    }),
  );
}

const extensionsOf = (der: Buffer): ReadonlyMap<string, string> => describeCertificate(der).extensions;

/** openssl takes all up to ":" or "/" for the host: a user's name, a query or a fragment, too. */
function hasPlainHost(uri: string): boolean {
  const host = /^[^:]*:\/\/([^:/]*)/.exec(uri)?.[1];
  return host !== undefined && URL.canParse(uri) && new URL(uri).hostname === host.toLowerCase();
}

function violationsIn(report: string, folder: string): ReadonlyMap<string, string> {
  const violations = new Map<string, string>();
  let reason: string | undefined;
  for (const line of report.split('\n')) {
    reason = VIOLATION.exec(line)?.[1] ?? reason;
    const file = /^error (.+): verification failed$/.exec(line)?.[1];
    if (file === undefined) continue;
    if (reason !== undefined) violations.set(join(folder, file), reason);
    reason = undefined;
  }
  return violations;
}
