// Does each private key belong to its certificate?
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../plan/job.ts';
import { readCommand, type Surroundings } from '../run/exec.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { keyFile } from '../store/names.ts';
import { error, type Finding } from './finding.ts';

/** Variable with the passphrase of the key of a stem; undefined: not encrypted. */
export type PassphraseOf = (stem: string) => string | undefined;

/** Compares every key with the certificate of its stem. */
export async function checkPairs(
  directory: PkiDirectory,
  passphraseOf: PassphraseOf,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const pairs = directory.certificates.filter(({ stem }) => directory.keys.has(stem));
  const findings = await Promise.all(
    pairs.map(pair => checkPair(pair, directory.path, passphraseOf(pair.stem), surroundings)),
  );
  return findings.flat();
}

async function checkPair(
  pair: CertificateFile,
  folder: string,
  passphrase: string | undefined,
  surroundings: Surroundings,
): Promise<Finding[]> {
  const file = keyFile(pair.stem);
  const key = readKey(join(folder, file), passphrase && surroundings.secretOf(passphrase));
  const isPair = key
    ? pair.certificate.checkPrivateKey(key)
    : await isPairByOpenssl(pair, file, passphrase, surroundings);
  return isPair ? [] : [error('pair-mismatch', pair.file, `the certificate does not belong to "${file}"`)];
}

/** undefined where node's own OpenSSL does not know the algorithm (ML-DSA, rare curves). */
function readKey(path: string, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: readFileSync(path), ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    return undefined;
  }
}

async function isPairByOpenssl(
  pair: CertificateFile,
  key: string,
  passphrase: string | undefined,
  surroundings: Surroundings,
): Promise<boolean> {
  const passin = passphrase ? ['-passin', `env:${passphrase}`] : [];
  const [ofKey, ofCertificate] = await Promise.all([
    readCommand(
      command('openssl', ['pkey', '-in', key, ...passin, '-pubout'], passphrase ? [passphrase] : []),
      key,
      surroundings,
    ),
    readCommand(command('openssl', ['x509', '-in', pair.file, '-noout', '-pubkey']), pair.file, surroundings),
  ]);
  return ofKey === ofCertificate;
}
