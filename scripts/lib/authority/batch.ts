// Certificates for requests by `openssl ca`, a few hundred a process, each process on a database of its own in the CA's
// work folder. What they make is merged into the CA's database by the caller.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CommandError, StateError } from '../errors.ts';
import { certificateBlocks } from '../model/pem.ts';
import { type Command, commandWithKey } from '../plan/job.ts';
import { runLogged, type Spoken } from '../run/exec.ts';
import { inSlices } from '../run/slices.ts';
import { parseIndex } from '../store/database-rows.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { refuseJump } from './clock.ts';
import { keyOptions } from './key-options.ts';
import type { Authority } from './open.ts';
import { namesOf } from './request-policy.ts';
import { escapeValue } from './request-text.ts';

/** What requests are signed with. */
export interface Signing {
  /** Section of the configuration, such as `issued` or `issued_rsa`. */
  readonly section: string;
  /** Options of openssl for the validity; none: what the configuration says. */
  readonly times: readonly string[];
  /** What openssl does with the subjectAltName of requests: nothing, copy it, or it is written out for the one request. */
  readonly names: 'none' | 'copied' | 'written';
}

export interface Made {
  readonly facts: RequestFacts;
  /** Hexadecimal as openssl writes it, with a leading zero where the number of digits would be odd. */
  readonly serial: string;
  /** Its certificate, and the file of it in the work folder. */
  readonly pem: string;
  readonly file: string;
  /** The row of index.txt. */
  readonly row: string;
}

/** openssl passed over a request; `report` is what it said. */
export class PassedOver extends Error {
  constructor(readonly report: string) {
    super('openssl passed over a request');
  }
}

let folders = 0;

/** Requests of one process, laid out in a folder of their own. */
export interface Batch {
  readonly folder: string;
  readonly requests: readonly RequestFacts[];
  readonly copies: readonly string[];
  readonly signing: Signing;
  /** Of a profile with `notBefore`. */
  readonly hasFixedStart: boolean;
  readonly step: Command;
}

/** Lays out requests that were checked. */
export async function prepareBatch(
  authority: Authority,
  requests: readonly RequestFacts[],
  signing: Signing,
): Promise<Batch> {
  const { path, work, configuration, key } = authority;
  const folder = join(work, String(++folders));
  mkdirSync(join(folder, 'certs'), { recursive: true });
  const inside = (name: string) => relative(path, join(folder, name));
  const copies = await inSlices(requests, ({ der }) => authority.copies.write(der));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'index.txt.attr'), 'unique_subject = no\n');
  const copying = configuration.replace(
    /^copy_extensions = .*$/m,
    `copy_extensions = ${signing.names === 'copied' ? 'copy' : 'none'}`,
  );
  const own = signing.names === 'written' ? withNames(copying, signing.section, requests[0]!) : copying;
  const configured = withoutTimes(own, signing);
  writeFileSync(join(folder, 'ca.cnf'), retarget(configured, inside('index.txt'), inside('certs')));
  const args = [
    ...['ca', '-batch', '-notext', '-preserveDN', '-config', inside('ca.cnf'), '-extensions', signing.section],
    ...signing.times,
    ...keyOptions(authority),
    ...['-inform', 'DER', '-infiles', ...copies.map(copy => relative(path, copy))],
  ];
  const hasFixedStart = signing.times.includes('-startdate') || /^default_startdate\b/m.test(configured);
  return { folder, requests, copies, signing, hasFixedStart, step: commandWithKey('openssl', args, key) };
}

/** Signs them. Throws a CommandError, or PassedOver where a request is not to openssl's liking. */
export async function signBatch({ stem, surroundings, copies }: Authority, batch: Batch): Promise<Made[]> {
  const { folder, step } = batch;
  const began = Date.now();
  try {
    const spoken = await runLogged(step, `signing by ${stem}`, surroundings, join(folder, 'openssl'));
    const made = collect(stem, batch, spoken);
    if (!batch.hasFixedStart)
      for (const { pem } of [made[0]!, made.at(-1)!])
        refuseJump(new X509Certificate(pem).validFrom, began, `certificates of ${stem}`);
    return made;
  } finally {
    copies.release(batch.copies);
  }
}

/**
 * openssl passes over a request that it does not like, and says so with exit code 0; nor does it tell that it could not
 * write a certificate. It prints all of them, too: one file is read much faster than a thousand.
 */
function collect(stem: string, { folder, requests }: Batch, { printed, report }: Spoken): Made[] {
  const lines = readFileSync(join(folder, 'index.txt'), 'latin1').split('\n').filter(Boolean);
  const { rows } = parseIndex(lines.join('\n'));
  if (rows.length !== requests.length) throw new PassedOver(report);
  const certificates = printedWhole(printed);
  const made = lines.map((row, i) => {
    const serial = row.split('\t')[3]!;
    const file = join(folder, 'certs', `${serial}.pem`);
    return { facts: requests[i]!, serial, pem: certificates[i] ?? '', file, row };
  });
  if (made.some(({ pem, file }) => pem === '' || statSync(file, { throwIfNoEntry: false })?.size !== pem.length))
    throw new StateError(
      `openssl wrote certificates of ${stem} only in part; nothing of them was entered`,
      'look whether the disk is full, and run again',
    );
  return made;
}

/** None where the last one is torn: openssl does not tell that it could not print. */
function printedWhole(printed: string): readonly string[] {
  try {
    return certificateBlocks(printed);
  } catch {
    return [];
  }
}

/** What openssl says where it does not read the key in a request, or has read both and looks at the signature. */
const OF_REQUEST = /^(Error unpacking public key|Check that the request matches)/im;

/** Where it does not read the request itself: the errors come after that, or before it, as in 3.5. */
const isUnread = (report: string): boolean =>
  /^Unable to load certificate request$/m.test(report) && report.includes('asn1 encoding routines');

/** Whether openssl got as far as a request: what failed before that would fail for each of them. */
export function isOfRequest(error: unknown): error is CommandError | PassedOver {
  if (error instanceof PassedOver) return true;
  if (!(error instanceof CommandError)) return false;
  return (OF_REQUEST.test(error.stderr) || isUnread(error.stderr)) && !/No space left on device/i.test(error.stderr);
}

/** The last words of openssl about a request that it does not sign. */
export function lastWords(error: CommandError | PassedOver): string {
  const report = error instanceof PassedOver ? error.report : error.stderr;
  const lines = report.split('\n').map(line => line.trim());
  const own = lines.slice(lines.findLastIndex(line => line.startsWith('Check that the request matches')) + 1);
  const said = own.filter(line => line !== '' && line !== 'Signature ok' && !IN_QUEUE.test(line)).at(-1);
  // Of its errors the first one tells the cause; the others who met it.
  const cause = own.map(line => IN_QUEUE.exec(line)?.[1]).find(reason => reason !== undefined);
  return [said, cause].filter(part => part !== undefined).join(': ') || 'no reason given';
}

/** An error as ERR_print_errors(3) writes it: thread, "error", code, library, function, reason, file. */
const IN_QUEUE = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):/;

/** What openssl need not tell of each certificate: else it writes the subject, a character at a time. */
const UNTOLD = [
  'header',
  'version',
  'serial',
  'signame',
  'issuer',
  'validity',
  'subject',
  'pubkey',
  'extensions',
  'aux',
];

/** The same configuration on another database; older ones have openssl drop the subject's emailAddress. */
const retarget = (configuration: string, index: string, certificates: string): string =>
  configuration
    .replace(/^cert_opt = .*\n/gm, '')
    .replace(/^database = .*$/m, () => `database = ${index}\ncert_opt = ${UNTOLD.map(part => `no_${part}`).join(', ')}`)
    .replace(/^new_certs_dir = .*$/m, () => `new_certs_dir = ${certificates}`)
    .replace(/^email_in_dn = .*$/m, 'email_in_dn = yes');

/** openssl prefers its default for the end to -days, and those of the default profile are no other's. */
const withoutTimes = (configuration: string, { times }: Signing): string =>
  times.length === 0 ? configuration : configuration.replace(/^default_(startdate|enddate) = .*\n/gm, '');

/** Nothing of the request is copied, but for its names: they are added to the section. */
function withNames(configuration: string, section: string, { extensions }: RequestFacts): string {
  const value = extensions.get('subjectAltName');
  if (value === undefined) return configuration;
  const lines = namesOf(value).map((name, i) => {
    const [kind, ...rest] = name.split(':');
    return `${kind}.${i} = ${escapeValue(rest.join(':'))}`;
  });
  return `${configuration.replace(`[${section}]\n`, `[${section}]\nsubjectAltName = @requested_names\n`)}\n[requested_names]\n${lines.join('\n')}\n`;
}
