// Entries of db and dbx that cannot both come to bear.
import { isSame, type Signature, X509_GUID } from '../model/signature-list.ts';
import { certificateIn } from '../store/certificate.ts';
import { digestOf, revokesByHash } from '../store/signature-digest.ts';

const WINS = 'dbx wins, what it signed does not boot';

/** Of what joins db or dbx, what the other one, which holds `held`, has as well, or of which it has the certificate or hash. */
export function contradictionsTo(
  held: readonly Signature[],
  name: 'db' | 'dbx',
  added: readonly Signature[],
): string[] {
  const [other, its] = name === 'db' ? ['dbx', 'the hash of'] : ['db', 'the certificate with the hash'];
  const isHashed = (a: Signature, b: Signature) => (name === 'db' ? isHashOf(b, a) : isHashOf(a, b));
  return added.flatMap(each => [
    ...(held.some(there => isSame(each, there)) ? [`${other} has ${digestOf(each)}, too: ${WINS}`] : []),
    ...(held.some(there => isHashed(each, there)) ? [`${other} has ${its} ${digestOf(each)}: ${WINS}`] : []),
  ]);
}

function isHashOf(entry: Signature, { type, data }: Signature): boolean {
  const certificate = type === X509_GUID ? certificateIn(data) : undefined;
  return certificate !== undefined && revokesByHash(entry, certificate.raw);
}
