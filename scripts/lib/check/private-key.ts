// A key file: what it is by its text, and its public key by openssl where node does not know the algorithm (ML-DSA,
// rare curves) or the way in which it is encrypted.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { isEncryptedKey, privateKeyBlock } from '../model/pem.ts';
import { command } from '../plan/job.ts';
import { readCommand, type Surroundings } from '../run/exec.ts';
import { readContained } from '../store/contained-file.ts';
import { parseTokenKey, publicKeyOf } from '../store/token-key.ts';

export interface KeyText {
  /** Path inside the directory. */
  readonly file: string;
  readonly bytes: Buffer;
  readonly isEncrypted: boolean;
  /** Whether it is in a form for which openssl needs a provider: a key in a TPM or token. */
  readonly isForeign: boolean;
}

/** Reads it. Throws a StateError where it cannot be read. */
export function readKeyText(root: string, file: string): KeyText {
  const bytes = readContained(root, file);
  const text = bytes.toString('latin1');
  const block = privateKeyBlock(text);
  return {
    file,
    bytes,
    isEncrypted: isEncryptedKey(text),
    isForeign: block ? block.label === 'TSS2 PRIVATE KEY' : /^-----BEGIN PKCS#11 PROVIDER URI-----/m.test(text),
  };
}

/** A private key, or the public one of it as openssl writes that. */
export type Opened = { readonly key: KeyObject } | { readonly publicKey: string };

/** Tries each of the variables with passphrases; undefined: none opens it. */
export async function openKey(
  text: KeyText,
  variables: readonly string[],
  surroundings: Surroundings,
): Promise<Opened | undefined> {
  const inToken = openToken(text);
  if (inToken) return { publicKey: inToken };
  const tried = text.isEncrypted ? variables : [undefined];
  for (const variable of tried) {
    const opened = openByNode(text, variable && surroundings.secretOf(variable));
    if (opened === 'wrong passphrase') continue;
    if (opened) return { key: opened };
    const publicKey = await openByOpenssl(text.file, variable, surroundings);
    if (publicKey !== undefined) return { publicKey };
  }
  return undefined;
}

/** A key in a token is told by the public key that stands in its file; the token is not asked. */
function openToken({ bytes }: KeyText): string | undefined {
  const text = bytes.toString('latin1');
  try {
    return parseTokenKey(text) && (publicKeyOf(text).export({ type: 'spki', format: 'pem' }) as string);
  } catch {
    return undefined;
  }
}

/** undefined where node cannot tell. */
function openByNode({ bytes }: KeyText, passphrase: string | undefined): KeyObject | 'wrong passphrase' | undefined {
  try {
    return createPrivateKey({ key: bytes, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    return code === 'ERR_OSSL_BAD_DECRYPT' || code === 'ERR_OSSL_EVP_BAD_DECRYPT' ? 'wrong passphrase' : undefined;
  }
}

async function openByOpenssl(
  file: string,
  variable: string | undefined,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const passin = variable ? ['-passin', `env:${variable}`] : [];
  const args = ['pkey', '-in', join(surroundings.folder, file), ...passin, '-pubout'];
  try {
    return await readCommand(command('openssl', args, variable ? [variable] : []), file, surroundings);
  } catch (failure) {
    if (failure instanceof CommandError) return undefined;
    throw failure;
  }
}
