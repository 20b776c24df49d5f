// Does openssl's strict verification accept every certificate under its trust anchor?
import type { X509Certificate } from 'node:crypto';
import { CommandError } from '../errors.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { error, type Finding } from './finding.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

interface Path {
  readonly subject: CertificateFile;
  readonly anchor: CertificateFile;
  /** Between the subject and its anchor, the subject's issuer first. */
  readonly between: readonly CertificateFile[];
}

/** Verifies the certificates of `stems`, those of one purpose in one openssl process. */
export async function checkChains(
  directory: PkiDirectory,
  stems: ReadonlySet<string>,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const groups = new Map<string, Path[]>();
  for (const subject of directory.certificates.filter(({ stem }) => stems.has(stem))) {
    const path = findPath(subject, directory.certificates);
    if (!path) {
      findings.push(
        error(
          'chain-broken',
          subject.file,
          `no trust anchor in the directory certifies it (issuer: ${subject.certificate.issuer.split('\n').at(-1)})`,
        ),
      );
      continue;
    }
    findings.push(...checkBundle(path));
    const purpose = purposeOf(subject.certificate);
    groups.set(purpose, [...(groups.get(purpose) ?? []), path]);
  }
  const verified = await Promise.all([...groups].map(([purpose, paths]) => verifyGroup(purpose, paths, surroundings)));
  return [...findings, ...verified.flat()];
}

/** TLS servers are checked as such; openssl has no check of its own for the other extended usages. */
const purposeOf = (certificate: X509Certificate): string =>
  (certificate.keyUsage ?? []).includes(SERVER_AUTH) ? 'sslserver' : 'any';

const isSelfIssued = ({ subject, issuer }: X509Certificate): boolean => subject === issuer;

function findPath(subject: CertificateFile, all: readonly CertificateFile[]): Path | undefined {
  const between: CertificateFile[] = [];
  let current = subject;
  while (!isSelfIssued(current.certificate)) {
    const { certificate } = current;
    const issuer = all.find(each => certificate.checkIssued(each.certificate));
    if (!issuer || between.includes(issuer)) return undefined;
    if (!isSelfIssued(issuer.certificate)) between.push(issuer);
    current = issuer;
  }
  return { subject, anchor: current, between };
}

/** What follows a certificate in its file must be its path, as far as the file goes. */
function checkBundle({ subject, between, anchor }: Path): Finding[] {
  const path = [...between, anchor].map(({ certificate }) => certificate.fingerprint256);
  const wrong = subject.chain.some((certificate, i) => certificate.fingerprint256 !== path[i]);
  return wrong
    ? [error('bundle-mismatch', subject.file, 'what follows its certificate is not its certification path')]
    : [];
}

async function verifyGroup(purpose: string, paths: readonly Path[], surroundings: Surroundings): Promise<Finding[]> {
  const each = (option: string, files: readonly CertificateFile[]) =>
    [...new Set(files.map(({ file }) => file))].flatMap(file => [option, file]);
  const args = [
    ...['verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose],
    ...each(
      '-trusted',
      paths.map(({ anchor }) => anchor),
    ),
    ...each(
      '-untrusted',
      paths.flatMap(({ between }) => between),
    ),
    ...paths.map(({ subject }) => subject.file),
  ];
  try {
    await runCommand(command('openssl', args), 'verification of the certification paths', surroundings);
    return [];
  } catch (failure) {
    if (!(failure instanceof CommandError)) throw failure;
    return findingsOf(failure);
  }
}

/** `error 20 at 0 depth lookup: …` names a reason, `error FILE: verification failed` the file. */
function findingsOf({ stderr, commandLine }: CommandError): Finding[] {
  const reasons = [...stderr.matchAll(/^error \d+ at \d+ depth lookup: (.*)$/gm)].map(([, reason]) => reason!);
  const files = [...stderr.matchAll(/^error (\S+): verification failed$/gm)].map(([, file]) => file!);
  const reason = reasons.length > 0 ? [...new Set(reasons)].join('; ') : stderr.trim();
  return (files.length > 0 ? files : ['.']).map(file =>
    error('chain-refused', file, `openssl refuses it: ${reason}`, commandLine),
  );
}
