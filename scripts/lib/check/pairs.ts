// Does each private key belong to its certificate?
import type { X509Certificate } from 'node:crypto';
import { derToPem } from '../model/pem.ts';
import type { Surroundings } from '../run/exec.ts';
import { sideBySide } from '../run/workers.ts';
import { certificateKey } from '../store/der.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { keyFile } from '../store/names.ts';
import { error, type Finding, warning } from './finding.ts';
import { type KeyText, type Opened, openKey, readKeyText } from './private-key.ts';

/** Variables that may hold the passphrase of the key of a stem. */
export type PassphrasesOf = (stem: string) => {
  /** Those that are tried, the likeliest first. */
  readonly tried: readonly string[];
  /** Those that its entity names; empty: nobody knows them. */
  readonly own: readonly string[];
};

/** Compares every key with the certificate of its stem. */
export async function checkPairs(
  directory: PkiDirectory,
  passphrasesOf: PassphrasesOf,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const owners = new Map(directory.certificates.map(each => [each.stem, [] as CertificateFile[]]));
  for (const each of directory.certificates) owners.get(each.stem)!.push(each);
  const told = new Set(directory.unreadable.map(file => file.replace(/\.[a-z]+$/, '')));
  const inDirectory = { ...surroundings, folder: directory.path };
  const findings = await sideBySide([...directory.keys], async stem => {
    const key = await readKey(directory.path, keyFile(stem), passphrasesOf(stem), inDirectory);
    if ('finding' in key) return [key.finding];
    const certificates = owners.get(stem) ?? [];
    if (certificates.length === 0) return told.has(stem) ? [] : [alone(keyFile(stem), `${stem}.cert`)];
    return certificates.flatMap(each => checkPair(each, keyFile(stem), key));
  });
  return findings.flat();
}

export const alone = (file: string, certificate: string): Finding =>
  warning(
    'key-without-certificate',
    file,
    'there is no certificate for this private key',
    `put "${certificate}" beside it, or move the key away`,
  );

/** Opens the key file `file` of `root`, or has the finding that says why it cannot be opened. */
export async function readKey(
  root: string,
  file: string,
  passphrases: ReturnType<PassphrasesOf>,
  surroundings: Surroundings,
): Promise<Opened | { readonly finding: Finding }> {
  const text = readText(root, file);
  if (text instanceof Error) return { finding: warning('key-unreadable', file, text.message) };
  return (await openKey(text, passphrases.tried, surroundings)) ?? { finding: unopened(text, passphrases) };
}

/** The key file, or why it is not read. */
function readText(root: string, file: string): KeyText | Error {
  try {
    return readKeyText(root, file);
  } catch (failure) {
    return failure as Error;
  }
}

function unopened({ file, isEncrypted, isForeign }: KeyText, { tried, own }: ReturnType<PassphrasesOf>): Finding {
  if (isEncrypted)
    return warning(
      'key-unreadable',
      file,
      `it is encrypted, and the passphrases that are known do not open it (${tried.join(', ') || 'none'})`,
      `${own.length === 0 ? '' : `set ${own.join(' or ')} to its passphrase, or `}give the configuration whose passphrase-env names its variable: --conf FOLDER`,
    );
  if (isForeign) return warning('key-unreadable', file, 'openssl here has no provider for a key of this form');
  return error('key-broken', file, 'it holds no private key', 'put the private key of its certificate back');
}

export function checkPair(
  { file, certificate }: Pick<CertificateFile, 'file' | 'certificate'>,
  key: string,
  opened: Opened,
): Finding[] {
  const isPair =
    'key' in opened ? certificate.checkPrivateKey(opened.key) : opened.publicKey === publicKeyOf(certificate);
  return isPair
    ? []
    : [
        error(
          'pair-mismatch',
          file,
          `the certificate does not belong to "${key}"`,
          'put the key or the certificate back that belongs to the other',
        ),
      ];
}

/** In PEM as openssl writes it; as it stands in the certificate where node does not know the algorithm. */
function publicKeyOf(certificate: X509Certificate): string {
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  } catch {
    return derToPem('PUBLIC KEY', certificateKey(certificate.raw));
  }
}
