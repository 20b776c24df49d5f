// Are the revocation lists of the directory such as readers take: by their CA, not ended, the same in PEM and DER?
import type { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { isoTime } from '../model/validity.ts';
import { command } from '../plan/job.ts';
import { runLogged, type Surroundings } from '../run/exec.ts';
import { sideBySide } from '../run/workers.ts';
import { readContained, refusalToRead } from '../store/contained-file.ts';
import { elementsOf, firstElement, signedPart } from '../store/der-element.ts';
import type { CertificateFile } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import type { Entry } from '../store/inventory.ts';
import { AUTHORITY_KEY, keyIdentifiers } from '../store/key-identifiers.ts';
import { isListSignedBy } from '../store/list-signature.ts';
import { mostBytesOf } from '../store/regular-file.ts';
import { retiredCertificates } from '../store/retired.ts';
import { listOctets, type RevocationList, tryToRead } from '../store/revocation-list.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';

/** The lists of a CA: CA.crl, by a key that it had before CA.SERIAL.crl, and the same in DER. */
export const listFilesOf = (ca: string, entries: readonly Entry[]): string[] =>
  entries
    .filter(({ file, kind, size }) => kind === 'file' && size <= mostBytesOf(file))
    .map(({ file }) => file)
    .filter(file => file.startsWith(`${ca}.`) && /^\.([0-9A-F]+\.)?crl(\.der)?$/.test(file.slice(ca.length)));

export async function checkRevocationLists(inspection: Inspection): Promise<Finding[]> {
  const { directory, entries } = inspection;
  const found = await sideBySide(directory.certificates, async ca => {
    const octets = new Map<string, Buffer>();
    const findings: Finding[] = [];
    for (const file of listFilesOf(ca.stem, entries)) {
      const refusal = refusalToRead(directory.path, file);
      if (refusal === undefined) octets.set(file, readOctets(directory.path, file));
      else findings.push(error('crl-unreadable', file, refusal, again(ca.stem, file)));
    }
    for (const [file, der] of octets) {
      const pem = octets.get(file.replace(/\.der$/, ''));
      if (pem && !pem.equals(der)) findings.push(differs(ca.stem, file));
      findings.push(...(await checkList(ca, file, der, inspection)));
    }
    return findings;
  });
  return found.flat();
}

/** Readers of DER do not look for PEM. */
function readOctets(root: string, file: string): Buffer {
  const content = readContained(root, file);
  return file.endsWith('.der') ? content : listOctets(content);
}

async function checkList(ca: CertificateFile, file: string, der: Buffer, inspection: Inspection): Promise<Finding[]> {
  const list = tryToRead(der);
  const form = file.endsWith('.der') ? 'DER' : 'PEM or DER';
  if (!list) return [error('crl-unreadable', file, `it holds no revocation list in ${form}`, again(ca.stem, file))];
  if (!(await isSigned(ca, list, inspection)))
    return [error('crl-refused', file, `no key that "${ca.file}" has or had signed it`, again(ca.stem, file))];
  const flaw = flawOfList(list, inspection.now);
  if (flaw !== undefined) return [error('crl-refused', file, flaw, again(ca.stem, file))];
  if (list.nextUpdate === undefined || list.nextUpdate >= inspection.now) return [];
  const end = list.nextUpdate.toISOString().slice(0, 10);
  return [error('crl-expired', file, `it ended on ${end}: readers refuse it`, again(ca.stem, file))];
}

/** issuingDistributionPoint, deltaCRLIndicator. */
const [SCOPE, DELTA] = ['2.5.29.28', '2.5.29.27'];
const DISTRIBUTION_POINT = 0xa0;

/** Whether it says where the list is, and no more: other fields, which are there where they are not false, leave something out. */
function isForAll(scope: Buffer): boolean {
  try {
    return elementsOf(firstElement(scope)).every(({ tag }) => tag === DISTRIBUTION_POINT);
  } catch {
    return false; // It is broken.
  }
}

/** Why readers do not take a list, or not for all that its CA has revoked (RFC 5280 5.2); undefined: they do. */
function flawOfList({ thisUpdate, extensions }: RevocationList, now: Date): string | undefined {
  if (extensions.has(DELTA)) return 'it is a delta list, which lacks what was revoked before';
  const scope = extensions.get(SCOPE);
  if (scope && !isForAll(Buffer.from(scope.extnValue)))
    return 'it is an indirect list, or one of a part of what was revoked (issuingDistributionPoint)';
  const unknown = [...extensions.values()].find(each => each.critical && ![SCOPE, AUTHORITY_KEY].includes(each.extnID));
  if (unknown) return `it has a critical extension that readers do not know (${unknown.extnID})`;
  return thisUpdate && thisUpdate <= now
    ? undefined
    : `it holds from ${thisUpdate ? isoTime(thisUpdate) : 'no time'} on`;
}

const differs = (ca: string, file: string): Finding =>
  error('crl-mismatch', file, `it is another list than "${file.replace(/\.der$/, '')}"`, again(ca, file));

const again = (ca: string, file: string): string =>
  `"trustme-pki crl ${ca}" makes a new one${isFormer(ca, file) ? ', as long as the old key counts; then move it away' : ''}`;

const isFormer = (ca: string, file: string): boolean => !file.startsWith(`${ca}.crl`);

/** By the key of today, or by one that the CA had: those who have the old chain take that, and after `rekey` it is there. */
async function isSigned(
  { stem, certificate }: CertificateFile,
  list: RevocationList,
  { directory, scratch, surroundings }: Inspection,
): Promise<boolean> {
  for (const signer of [certificate, ...retiredCertificates(directory.path, stem)]) {
    if (!subjectOf(signer).equals(list.issuer)) continue;
    const own = keyIdentifiers(signer.raw).subject;
    // Readers go by what it says.
    if (list.authority !== undefined && own !== undefined && list.authority !== own) continue;
    if (isListSignedBy(list, signer) ?? (await isSignedByOpenssl(list, signer, scratch, surroundings))) return true;
  }
  return false;
}

const VERSION = 0xa0;

/** As it is encoded, which a list has to repeat (RFC 5280 4.1.2.6). */
const subjectOf = ({ raw }: X509Certificate): Buffer =>
  elementsOf(signedPart(raw)).filter(({ tag }) => tag !== VERSION)[4]!.whole;

/** For keys that node does not know. openssl 3.0 says so, and ends well either way. */
export async function isSignedByOpenssl(
  { der }: RevocationList,
  signer: X509Certificate,
  scratch: string,
  surroundings: Surroundings,
): Promise<boolean> {
  const folder = mkdtempSync(join(scratch, 'crl-'));
  writeNew(join(folder, 'list'), der);
  writeNew(join(folder, 'signer'), signer.toString());
  const args = ['crl', '-inform', 'DER', '-in', 'list', '-CAfile', 'signer', '-verify', '-noout'];
  try {
    const { report } = await runLogged(
      command('openssl', args),
      'a revocation list',
      { ...surroundings, folder },
      join(folder, 'said'),
    );
    return /^verify OK$/m.test(report);
  } catch (failure) {
    if (failure instanceof CommandError) return false;
    throw failure;
  }
}
