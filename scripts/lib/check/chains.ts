// Does openssl's strict verification accept every certificate under its trust anchor?
import type { X509Certificate } from 'node:crypto';
import { command } from '../plan/job.ts';
import { commandLine } from '../plan/shell.ts';
import type { Surroundings } from '../run/exec.ts';
import { sideBySide } from '../run/workers.ts';
import type { CertificateFile } from '../store/directory.ts';
import { isIssuedBy } from '../store/issuer.ts';
import { error, type Finding, warning } from './finding.ts';
import { type Batch, type Reason, verifyBatch } from './openssl-verify.ts';
import { type Issuers, type Path, pathOf } from './paths.ts';

export interface ChainQuestion {
  /** What the certificate is to be good for, in the words of `openssl verify -purpose`. */
  readonly purposesOf: (certificate: X509Certificate) => readonly string[];
  /** The time for which a path is asked about; undefined: the system's. */
  readonly timeOf: (path: Path) => Date | undefined;
  /** Whether another question asks for the validity of the certificate itself. */
  readonly isOwnTimeAsked: boolean;
  /** Whether its critical extensions that nobody but its readers knows are known to be meant. */
  readonly isCriticalMeant: (subject: CertificateFile) => boolean;
}

/** Subjects of one openssl process; the system limits the length of an argument list. */
const MOST_SUBJECTS = 200;

/** Verifies `subjects`, those of one purpose in one openssl process. */
export async function checkChains(
  subjects: readonly CertificateFile[],
  issuers: Issuers,
  question: ChainQuestion,
  scratch: string,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const paths = subjects.map(subject => pathOf(subject, issuers) ?? subject);
  const broken = paths.filter(each => !('anchor' in each)) as CertificateFile[];
  const whole = paths.filter(each => 'anchor' in each) as Path[];
  const refused = await sideBySide(batchesOf(whole, question), async batch => {
    const refusals = await verifyBatch(batch, scratch, surroundings);
    return [...refusals].flatMap(([path, reasons]) => findingOf(path, reasons, batch.purpose, question));
  });
  return [...broken.map(describeBroken), ...whole.flatMap(checkBundle), ...refused.flat()];
}

function batchesOf(paths: readonly Path[], { purposesOf, timeOf }: ChainQuestion): Batch[] {
  const groups = new Map<string, { purpose: string; now: Date | undefined; paths: Path[] }>();
  for (const path of paths)
    for (const purpose of purposesOf(path.subject.certificate)) {
      const now = timeOf(path);
      const name = `${purpose} ${now?.getTime()}`;
      const group = groups.get(name) ?? { purpose, now, paths: [] };
      groups.set(name, group);
      group.paths.push(path);
    }
  return [...groups.values()].flatMap(group =>
    Array.from({ length: Math.ceil(group.paths.length / MOST_SUBJECTS) }, (_, i) => ({
      ...group,
      paths: group.paths.slice(i * MOST_SUBJECTS, (i + 1) * MOST_SUBJECTS),
    })),
  );
}

const describeBroken = ({ file, certificate }: CertificateFile): Finding =>
  error(
    'chain-broken',
    file,
    `no trust anchor in the directory certifies it (issuer: ${certificate.issuer.split('\n').at(-1)})`,
    'put the certificate of its issuer, and of the root CA, into the directory',
  );

/** What follows a certificate in its file must lead up from it; there may be another way than the one we found. */
function checkBundle({ subject, between, anchor }: Path): Finding[] {
  const path = [...between, anchor].map(({ certificate }) => certificate.fingerprint256);
  const isUp = (certificate: X509Certificate, i: number) => {
    const below = subject.chain[i - 1] ?? subject.certificate;
    return certificate.fingerprint256 === path[i] || isIssuedBy(below, certificate);
  };
  return subject.chain.every(isUp)
    ? []
    : [
        error(
          'bundle-mismatch',
          subject.file,
          'what follows its certificate is not its certification path',
          'keep its own certificate, and after it those of its issuers',
        ),
      ];
}

/** Nothing where only its own validity is wrong and that is asked elsewhere. */
function findingOf(path: Path, reasons: readonly Reason[], purpose: string, question: ChainQuestion): Finding[] {
  const { subject } = path;
  const isUnknown = ({ depth, isCritical }: Reason) => isCritical && depth === 0 && !subject.certificate.ca;
  const isElsewhere = ({ depth, isTime }: Reason) => question.isOwnTimeAsked && isTime && depth === 0;
  const told = reasons.filter(reason => !isElsewhere(reason) && !isUnknown(reason));
  const isFirst = purpose === question.purposesOf(subject.certificate)[0];
  const isWarned = isFirst && reasons.some(isUnknown) && !question.isCriticalMeant(subject);
  const warnings = isWarned ? [describeCritical(subject)] : [];
  if (told.length === 0) return warnings;
  const files = [subject, ...path.between, path.anchor].map(({ file }) => file);
  const texts = told.map(({ depth, text }) => (depth === 0 ? text : `${text} (${files[depth] ?? 'its path'})`));
  const refusal = `openssl refuses it: ${texts.join('; ')}`;
  return [...warnings, error('chain-refused', subject.file, refusal, lineFor(path, purpose))];
}

const describeCritical = ({ file }: CertificateFile): Finding =>
  warning(
    'critical-unknown',
    file,
    'it has a critical extension that openssl does not know: only readers that know it accept it',
    'trustme-pki verify --conf, with the configuration that asks for it, takes it as meant',
  );

/** The question for one certificate, to paste in the directory. */
function lineFor({ subject, between, anchor }: Path, purpose: string): string {
  const named = (file: string) => (file.startsWith('-') ? `./${file}` : file);
  const untrusted = between.flatMap(({ file }) => ['-untrusted', named(file)]);
  const args = ['-x509_strict', '-purpose', purpose, '-trusted', named(anchor.file), ...untrusted, named(subject.file)];
  return commandLine(command('openssl', ['verify', ...args]));
}
