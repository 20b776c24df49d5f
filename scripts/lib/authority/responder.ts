// Answers about the status of certificates (OCSP, RFC 6960), signed by `openssl ocsp` from the index of a CA. Nothing is
// written to the PKI directory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isValid } from '../check/paths.ts';
import { StateError } from '../errors.ts';
import { type Command, command, commandWithKey } from '../plan/job.ts';
import { type PrivateKey, passin } from '../plan/private-key.ts';
import { quote } from '../plan/shell.ts';
import { readCommand, runCommand, type Surroundings, surroundingsIn } from '../run/exec.ts';
import { inTemporary, readWritten } from '../run/temporary.ts';
import { serialOf } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { isIssuedBy, issuersOf } from '../store/issuer.ts';
import { configurationOf } from './configuration.ts';
import { indexFile, lacksLineEnd, readRows } from './database.ts';
import { keyOf } from './directory-key.ts';
import { refuseWithoutDatabase } from './old-directory.ts';
import { authoritiesOf, findAuthority, type OpenDirectory } from './open.ts';
import { hasProfile } from './profile-section.ts';
import { refuseRevokedAuthority } from './refuse-authority.ts';
import { firstRevoked } from './revoked.ts';
import { refuseDamage } from './sound-database.ts';

export interface Responder {
  readonly ca: CertificateFile;
  /** The CAs of the directory above it, the nearest first. */
  readonly above: readonly CertificateFile[];
  /** What signs the answers: issued by that CA, for this alone (RFC 6960 4.2.2.2). */
  readonly certificate: CertificateFile;
  readonly key: PrivateKey;
  /** Until the next answer. */
  readonly days: number;
  readonly surroundings: Surroundings;
}

/** id-kp-OCSPSigning. */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Finds what answers for a CA. Throws a StateError that names the command to type. */
export async function openResponder(
  open: OpenDirectory,
  stem: string,
  days: number,
  controller: AbortController,
): Promise<Responder> {
  const ca = findAuthority(open, stem);
  const { directory, options } = open;
  refuseWithoutDatabase(directory, stem);
  if (new Date(ca.certificate.validTo) < new Date())
    throw new StateError(
      `${stem} has expired: nobody takes an answer about what it issued`,
      `trustme-pki renew ${stem} --cascade`,
    );
  refuseDamage(directory.path, ca);
  const above = issuersOf(ca, authoritiesOf(open));
  refuseRevokedAuthority({ certificate: ca, above, path: directory.path });
  const certificate = await responderOf(open, ca);
  refuseOpenEnd(directory.path, stem);
  return {
    ca,
    above,
    certificate,
    key: keyOf(open, certificate.stem),
    days,
    surroundings: surroundingsIn(directory.path, options.environment, controller),
  };
}

/** openssl passes over a last row without an end of line, and a verb that reads does not mend it. */
function refuseOpenEnd(path: string, stem: string): void {
  if (lacksLineEnd(path, stem))
    throw new StateError(
      `the last row of "${indexFile(stem)}" has no end of line: openssl passes over it`,
      `add it, or have a command that writes do so: trustme-pki crl ${stem}`,
    );
}

/** Of those that hold now, the one that lasts longest. */
async function responderOf(open: OpenDirectory, ca: CertificateFile): Promise<CertificateFile> {
  const { directory } = open;
  const { stem } = ca;
  const revoked = new Set(
    readRows(directory.path, stem).flatMap(({ serial, status }) => (status === 'R' ? [serial] : [])),
  );
  const end = ({ certificate }: CertificateFile) => new Date(certificate.validTo).getTime();
  const known = directory.certificates
    .filter(
      ({ certificate, stem: own }) =>
        directory.keys.has(own) &&
        certificate.keyUsage?.includes(OCSP_SIGNING) &&
        isIssuedBy(certificate, ca.certificate),
    )
    .sort((a, b) => end(b) - end(a));
  const now = new Date();
  const good = known.find(
    ({ certificate }) => isValid(certificate, now) && !revoked.has(serialOf(certificate.serialNumber)),
  );
  if (good) return good;
  const name = `${stem}_ocsp`;
  const hint = await issueHint(open, ca, known.some(each => each.stem === name) ? `${name}2` : name);
  if (known[0])
    throw new StateError(
      `the OCSP responder certificate "${known[0].file}" has expired, is not valid yet, or is revoked`,
      hint,
    );
  throw new StateError(`${stem} has no OCSP responder certificate with its key in the directory`, hint);
}

/** What to type for a certificate called `name`; CAs of one's own may lack the profile of it. */
async function issueHint(open: OpenDirectory, ca: CertificateFile, name: string): Promise<string> {
  const { stem } = ca;
  const issue = `trustme-pki issue ${stem} ${name} --profile ocsp --dir ${quote(open.options.dir)}`;
  return hasProfile(await configurationOf(open, ca), 'ocsp')
    ? `make one: ${issue}`
    : `add a section [issued ocsp] to ${stem}.ini, as in docs/operation.md, then: ${issue} --conf FOLDER`;
}

/** Arguments of `openssl ocsp` with which it answers. */
const answering = ({ ca, certificate, key, days }: Responder): string[] => [
  ...['-index', indexFile(ca.stem), '-CA', ca.file, '-rsigner', certificate.file, '-rkey', key.argument],
  ...passin(key),
  ...['-ndays', String(days)],
];

const ocsp = ({ key }: Responder, args: readonly string[]): Command =>
  commandWithKey('openssl', ['ocsp', ...args], key);

/** A responder for machines that are not this one, for a shell in the PKI directory. */
export const serverCommand = (responder: Responder, port: number): Command =>
  ocsp(responder, ['-port', String(port), '-text', ...answering(responder)]);

/** The answer (DER) to a request (DER). Throws a CommandError where the request is none. */
export const answerRequest = (responder: Responder, request: Uint8Array): Promise<Buffer> =>
  withFiles(async (asked, answer) => {
    const { ca, above, certificate, surroundings } = responder;
    refuseOpenEnd(surroundings.folder, ca.stem);
    // A CA may be revoked while a server runs, and the index of that CA does not say it.
    refuseRevokedAuthority({ certificate: ca, above, path: surroundings.folder });
    // Clients do not ask about what signs the answers: it says that they need not (RFC 6960 4.2.2.2.1).
    if (!isValid(certificate.certificate, new Date()) || firstRevoked(surroundings.folder, [certificate.certificate]))
      throw new StateError(
        `the OCSP responder certificate "${certificate.file}" has expired or is revoked`,
        'start the server again: it takes another one',
      );
    writeFileSync(asked, request);
    await run(responder, [...answering(responder), '-reqin', asked, '-respout', answer, '-noverify']);
    return readWritten('openssl ocsp', answer);
  });

const run = (responder: Responder, args: readonly string[]): Promise<void> =>
  runCommand(ocsp(responder, args), `answer of ${responder.ca.stem}`, responder.surroundings);

/** openssl takes requests and answers from files alone; they are public, and not of the PKI directory. */
async function withFiles<T>(work: (asked: string, answer: string) => Promise<T>): Promise<T> {
  return inTemporary(folder => work(join(folder, 'request.der'), join(folder, 'answer.der')));
}

export interface Status {
  readonly status: 'good' | 'revoked' | 'unknown';
  /** In openssl's words: `Nov 25 08:00:00 2026 GMT`. */
  readonly thisUpdate: string;
  readonly nextUpdate: string | undefined;
  /** Of what is revoked. */
  readonly revoked?: string;
  readonly reason?: string;
  /** DER. */
  readonly answer: Buffer;
}

/** Asks about one serial number, as a client does, and reads the answer as a client does. */
export async function askStatus(responder: Responder, serial: string): Promise<Status> {
  const { ca, surroundings } = responder;
  const about = ['-issuer', ca.file, '-serial', `0x${serial}`, '-no_nonce'];
  const [answer, text] = await withFiles(async (_asked, file) => {
    await run(responder, [...answering(responder), ...about, '-respout', file, '-noverify']);
    const trusted = ['-CAfile', ca.file, '-partial_chain'];
    const read = command('openssl', ['ocsp', ...about, '-respin', file, ...trusted]);
    return [readWritten('openssl ocsp', file), await readCommand(read, `status of ${serial}`, surroundings)];
  });
  const field = (name: string) => new RegExp(`^\\s*${name}: (.*)$`, 'm').exec(text)?.[1];
  const status = /^0x[0-9A-F]+: (good|revoked|unknown)$/im.exec(text)?.[1] as Status['status'] | undefined;
  const [thisUpdate, revoked, reason] = ['This Update', 'Revocation Time', 'Reason'].map(field);
  if (!status || !thisUpdate) throw new StateError(`openssl gave no status for ${serial}: ${text.trim()}`);
  return {
    status,
    thisUpdate,
    nextUpdate: field('Next Update'),
    ...(revoked === undefined ? {} : { revoked, reason: reason ?? 'unspecified' }),
    answer,
  };
}
