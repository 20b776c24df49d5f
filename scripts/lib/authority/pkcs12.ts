// Key, certificate and chain in one PKCS #12 file, for a token, a browser or another keystore.
import { dirname } from 'node:path';
import { command } from '../plan/job.ts';
import { passin } from '../plan/private-key.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { giveName, syncPath } from '../store/files.ts';
import { removeTree } from '../store/remove-tree.ts';

export interface Pkcs12 {
  /** Paths; the certificate's file has its chain, too. */
  readonly key: string;
  readonly certificate: string;
  readonly output: string;
  /** What the reader shows for it. */
  readonly name: string;
  /** Variables: the password of the new file, and the passphrase of the key where it has one. */
  readonly password: string;
  readonly passphrase: string | undefined;
  /** Whether its ciphers are those that readers of before 2010 know (RC2, triple DES, SHA-1). */
  readonly isLegacy: boolean;
}

/** Makes the file under `draft`, mode 0600, and gives it its name; a file of that name is never replaced. */
export async function writePkcs12(file: Pkcs12, draft: string, surroundings: Surroundings): Promise<void> {
  const { key, certificate, output, name, password, passphrase, isLegacy } = file;
  const args = [
    ...['pkcs12', '-export', '-inkey', key, '-in', certificate, '-name', name],
    ...passin(file),
    ...(isLegacy ? ['-legacy'] : []),
    ...['-passout', `env:${password}`, '-out', draft],
  ];
  removeTree(draft);
  try {
    const secrets = [password, ...(passphrase ? [passphrase] : [])];
    await runCommand(command('openssl', args, secrets), `${name}.p12`, surroundings);
    await checkPkcs12(file, draft, surroundings);
    syncPath(draft);
    giveName(draft, output);
  } finally {
    removeTree(draft);
  }
  syncPath(dirname(output));
}

/** openssl, reading again what it wrote: a disk that fills up is not told of. */
async function checkPkcs12({ name, password, isLegacy }: Pkcs12, draft: string, surroundings: Surroundings) {
  const args = ['pkcs12', '-in', draft, '-passin', `env:${password}`, '-noout', ...(isLegacy ? ['-legacy'] : [])];
  await runCommand(command('openssl', args, [password]), `${name}.p12: reading it again`, surroundings);
}
