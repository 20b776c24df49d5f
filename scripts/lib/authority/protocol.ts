// Appends what a step of a ceremony did to the protocol of the directory, signed with the key that did it.
import type { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEntry, formatSignature, formatValues, isOneShot, spoken } from '../model/protocol.ts';
import { isoTime } from '../model/validity.ts';
import { commandWithKey } from '../plan/job.ts';
import { type PrivateKey, passin } from '../plan/private-key.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { takeLock } from '../run/lock.ts';
import { inTemporary } from '../run/temporary.ts';
import { parseCertificate } from '../store/certificate.ts';
import { certificateKey, keyAlgorithmOf, keyDigest } from '../store/der.ts';
import { firstCertificate, writeNew } from '../store/files.ts';
import { HIDDEN, issuedFile, PROTOCOL, PROTOCOL_LOCK } from '../store/names.ts';
import { packageVersion } from '../store/package.ts';
import { protocolDigest, readProtocol, replaceProtocol } from '../store/protocol.ts';
import type { Result } from './judge.ts';
import type { Authority } from './open.ts';
import { profileOf } from './profile-section.ts';

export interface Step {
  readonly step: 'request' | 'sign' | 'import';
  readonly entity: string;
  /** What was done, and fingerprints that people compare. */
  readonly values: readonly (readonly [name: string, value: string])[];
  readonly key: PrivateKey;
  /** DER (subjectPublicKeyInfo). */
  readonly publicKey: Buffer;
}

/** SHA-256 of a public key (DER), as people read it. */
export const keyFingerprint = (key: Buffer): string => spoken(keyDigest(key));

/** What people compare of a certificate, and how long it lasts. */
export const certificateValues = ({ fingerprint256, serialNumber, raw, validTo }: X509Certificate) =>
  [
    ['certificate', `SHA-256 ${spoken(fingerprint256)}`],
    ['serial', serialNumber],
    ['key', `SHA-256 ${keyFingerprint(certificateKey(raw))}`],
    ['valid until', new Date(validTo).toISOString()],
  ] as const;

/** Whether a step has an entry with these values, the first ones of it. */
export function isEntered(path: string, { step, entity, values }: Omit<Step, 'key' | 'publicKey'>): boolean {
  const file = join(path, PROTOCOL);
  const lines = formatValues([['step', step], ['entity', entity], ...values]);
  return existsSync(file) && readFileSync(file, 'utf8').includes(`\n${lines}`);
}

/** Under a lock of its own. Commands run in `surroundings.folder`, the paths of keys hold there. */
export async function appendProtocol(path: string, step: Step, surroundings: Surroundings): Promise<void> {
  mkdirSync(join(path, HIDDEN), { recursive: true });
  const lock = await takeLock(join(path, PROTOCOL_LOCK), surroundings.controller.signal, () => {});
  try {
    await append(path, step, surroundings);
  } finally {
    lock.release();
  }
}

async function append(path: string, step: Step, surroundings: Surroundings): Promise<void> {
  const { text: before, entries } = readProtocol(path);
  const values = [
    ['time', isoTime(new Date()).replace(/\.\d+Z$/, 'Z')],
    ['step', step.step],
    ['entity', step.entity],
    ...step.values,
    ['program', `trustme-pki ${packageVersion()}`],
    ['signed by', `the key with SHA-256 ${keyFingerprint(step.publicKey)}`],
  ] as const;
  const entry = formatEntry(entries.length + 1, values, protocolDigest(before), step.publicKey);
  const signature = await sign(entry, step, surroundings);
  replaceProtocol(path, `${before}${entry}${formatSignature(signature)}`);
}

async function sign(entry: string, { key, publicKey }: Step, surroundings: Surroundings): Promise<Buffer> {
  return inTemporary(async folder => {
    const [content, out] = [join(folder, 'entry'), join(folder, 'signature')];
    writeNew(content, entry);
    const args = isOneShot(keyAlgorithmOf(publicKey))
      ? ['pkeyutl', '-sign', '-rawin', '-inkey', key.argument, ...passin(key), '-in', content, '-out', out]
      : ['dgst', '-sha256', '-sign', key.argument, ...passin(key), '-out', out, content];
    await runCommand(commandWithKey('openssl', args, key), PROTOCOL, surroundings);
    return readFileSync(out);
  });
}

/** More certificates than that are no ceremony. */
const FEW = 20;

/**
 * Throws a StateError where the protocol of the directory takes no entry, and certificates by a profile would be CAs,
 * which get one: before they are signed, not after.
 */
export function requireProtocol(authority: Authority, profile: string): void {
  if (profileOf(authority, profile).makesAuthorities) readProtocol(authority.path);
}

/**
 * Enters the certificates of CAs among what a CA has signed, now or in a run that was stopped before it entered them; a
 * line for each, with what people compare.
 */
export async function recordAuthorities(authority: Authority, results: readonly Result[]): Promise<string[]> {
  const { path, stem, certificate: own, key, surroundings } = authority;
  if (results.length > FEW) return [];
  const lines: string[] = [];
  for (const { given, serial } of results) {
    if (serial === undefined) continue;
    const certificate = parseCertificate(firstCertificate(join(path, issuedFile(stem, serial))));
    if (!certificate.ca) continue;
    const values = [
      ['subject', certificate.subject.replaceAll('\n', ', ')] as const,
      ...certificateValues(certificate),
    ];
    const publicKey = certificateKey(own.certificate.raw);
    const step = { step: 'sign', entity: stem, values, key, publicKey } as const;
    if (!isEntered(path, step)) await appendProtocol(path, step, surroundings);
    const [fingerprint, keyPrint] = [
      spoken(certificate.fingerprint256),
      keyFingerprint(certificateKey(certificate.raw)),
    ];
    lines.push(`${given}\n  certificate SHA-256 ${fingerprint}\n  key         SHA-256 ${keyPrint}`);
  }
  return lines;
}
