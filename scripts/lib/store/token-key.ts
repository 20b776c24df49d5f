// What lies in a PKI directory in place of a private key that is in a token: where it is, and its public key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { VARIABLE_NAME } from '../model/passphrase.ts';
import { pemBlocks } from '../model/pem.ts';
import { parseTokenUri, TOKEN_KEY_MARK } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { readContained } from './contained-file.ts';
import type { PkiDirectory } from './directory.ts';
import { keyFile } from './names.ts';

/** Where the key is, by the text of a key file; undefined: it is in the file. Throws a RangeError, `it …`. */
export function parseTokenKey(text: string): TokenKey | undefined {
  if (!text.startsWith(TOKEN_KEY_MARK)) return undefined;
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(text)?.[1];
  const [uri, pinVariable] = [value('uri'), value('pin-env')];
  if (uri === undefined || pinVariable === undefined) throw new RangeError('it says not in which token the key is');
  if (!VARIABLE_NAME.test(pinVariable))
    throw new RangeError(`its pin-env names no environment variable: "${pinVariable}"`);
  return { ...parseTokenUri(uri), module: value('module'), pinVariable };
}

/** The token that the file with the key of a stem names; undefined: it is in a file, or not there. Throws a StateError. */
export function tokenIn({ path, keys }: PkiDirectory, stem: string): TokenKey | undefined {
  if (!keys.has(stem)) return undefined;
  try {
    return parseTokenKey(readContained(path, keyFile(stem)).toString('latin1'));
  } catch (error) {
    throw new StateError(`"${join(path, keyFile(stem))}": ${(error as Error).message}`);
  }
}

/** The public key in the file. Throws where there is none. */
export function publicKeyOf(text: string): KeyObject {
  const block = pemBlocks(text).find(({ label }) => label === 'PUBLIC KEY');
  if (block === undefined) throw new RangeError('it holds no public key');
  return createPublicKey(block.text);
}
