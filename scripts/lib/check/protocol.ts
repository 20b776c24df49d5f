// The protocol of ceremonies: does each entry follow the one before, and is it signed by a key of the entity that it names?
import { verify } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { derToPem } from '../model/pem.ts';
import { isOneShot, type ProtocolEntry, parseProtocol } from '../model/protocol.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { readContained } from '../store/contained-file.ts';
import { certificateKey, keyAlgorithmOf } from '../store/der.ts';
import { writeNew } from '../store/files.ts';
import { PROTOCOL, PROTOCOL_DIGEST } from '../store/names.ts';
import { PROTOCOL_HINT, protocolDigest, refuseCutOff } from '../store/protocol.ts';
import { readKey } from '../store/request-signature.ts';
import { retiredCertificates } from '../store/retired.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';

export async function checkProtocol(inspection: Inspection): Promise<Finding[]> {
  const { directory, entries, scratch, surroundings } = inspection;
  const isThere = (name: string) => entries.some(({ file, kind }) => file === name && kind === 'file');
  if (!isThere(PROTOCOL) && !isThere(PROTOCOL_DIGEST)) return [];
  const broken = (message: string) => [error('protocol-broken', PROTOCOL, message, PROTOCOL_HINT)];
  try {
    const text = readContained(directory.path, PROTOCOL).toString('utf8');
    const steps = parseProtocol(text);
    const isByEntity = entityKeys(steps, inspection);
    for (const [i, entry] of steps.entries())
      if (!isNext(entry, text) || !isByEntity(entry) || !(await isSigned(entry, scratch, surroundings)))
        return broken(`step ${i + 1} was changed, or what is before it`);
    refuseCutOff(directory.path, { text, entries: steps });
    return [];
  } catch (failure) {
    return broken(`it is no protocol: ${(failure as Error).message}`);
  }
}

const isNext = ({ offset, previous }: ProtocolEntry, text: string): boolean =>
  previous === protocolDigest(text.slice(0, offset));

function isSigned(entry: ProtocolEntry, scratch: string, surroundings: Surroundings): boolean | Promise<boolean> {
  const key = readKey(entry.key);
  if (!key) return isSignedByOpenssl(entry, scratch, surroundings);
  return verify(
    isOneShot(keyAlgorithmOf(entry.key)) ? null : 'sha256',
    Buffer.from(entry.signed),
    key,
    entry.signature,
  );
}

/** What node does not know has a digest of its own. */
async function isSignedByOpenssl(
  { key, signed, signature }: ProtocolEntry,
  scratch: string,
  surroundings: Surroundings,
) {
  const folder = mkdtempSync(join(scratch, 'protocol-'));
  writeNew(join(folder, 'key'), derToPem('PUBLIC KEY', key));
  writeNew(join(folder, 'entry'), signed);
  writeNew(join(folder, 'signature'), signature);
  const args = ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', 'key', '-in', 'entry', '-sigfile', 'signature'];
  try {
    await runCommand(command('openssl', args), PROTOCOL, { ...surroundings, folder });
    return true;
  } catch (failure) {
    if (failure instanceof CommandError) return false;
    throw failure;
  }
}

/**
 * Whether the key of an entry is one that its entity has or had, or of its request that waits: whoever has the key of
 * another one did not do that step. Where a request is damaged, nobody can say.
 */
function entityKeys(steps: readonly ProtocolEntry[], inspection: Inspection): (entry: ProtocolEntry) => boolean {
  const { path, certificates } = inspection.directory;
  const { keys, damaged } = inspection.waiting;
  const named = new Set(steps.map(entityOf));
  const known = certificates
    .filter(({ stem }) => named.has(stem))
    .flatMap(({ stem, certificate }) =>
      [certificate, ...retiredCertificates(path, stem)].map(({ raw }) => ownKey(stem, certificateKey(raw))),
    );
  const all = new Set([...known, ...[...keys].map(([stem, key]) => ownKey(stem, key))]);
  return entry => all.has(ownKey(entityOf(entry), entry.key)) || damaged.has(entityOf(entry));
}

const entityOf = ({ values }: ProtocolEntry): string => values.get('entity') ?? '';
const ownKey = (stem: string, key: Buffer): string => `${stem} ${key.toString('base64')}`;
