// The protocol of ceremonies: does each entry follow the one before, and is it signed by a key of this PKI?
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isOneShot, type ProtocolEntry, parseProtocol } from '../model/protocol.ts';
import { readContained } from '../store/contained-file.ts';
import { PROTOCOL } from '../store/names.ts';
import { requestKey } from '../store/request-facts.ts';
import { readPending } from '../store/requests.ts';
import { retiredCertificates } from '../store/retired.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';

const HINT = 'somebody changed it: compare it with a copy on paper';

export function checkProtocol({ directory, entries }: Inspection): Finding[] {
  if (!entries.some(({ file, kind }) => file === PROTOCOL && kind === 'file')) return [];
  const broken = (message: string) => [error('protocol-broken', PROTOCOL, message, HINT)];
  try {
    const text = readContained(directory.path, PROTOCOL).toString('utf8');
    const known = knownKeys(directory);
    const wrong = parseProtocol(text).findIndex(entry => !isSound(entry, text, known));
    return wrong < 0 ? [] : broken(`step ${wrong + 1} was changed, or what is before it`);
  } catch (failure) {
    return broken(`it is no protocol: ${(failure as Error).message}`);
  }
}

function isSound(entry: ProtocolEntry, text: string, known: ReadonlySet<string>): boolean {
  const before = createHash('sha256').update(text.slice(0, entry.offset)).digest('hex');
  if (entry.previous !== before || !known.has(entry.key.toString('base64'))) return false;
  const key = createPublicKey({ key: entry.key, format: 'der', type: 'spki' });
  const digest = isOneShot(key.asymmetricKeyType) ? null : 'sha256';
  return verify(digest, Buffer.from(entry.signed), key, entry.signature);
}

/** Those of certificates that are or were here, and of requests that wait. */
function knownKeys({ path, certificates }: Inspection['directory']): ReadonlySet<string> {
  const text = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');
  const former = certificates.flatMap(({ stem }) => retiredCertificates(path, stem));
  const all = [...certificates.map(({ certificate }) => certificate), ...former];
  const requested = [...readPending(path).values()].map(({ request }) => requestKey(request));
  return new Set([...all.map(({ publicKey }) => publicKey), ...requested].map(text));
}
