// What stands in a command where a private key is meant: a file, or a key in a token by one of openssl's two roads.
import { type TokenRoad, tokenUri } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { keyFile } from '../store/names.ts';
import type { Command } from './job.ts';

/** A private key as commands take it. */
export interface PrivateKey {
  /** The file that is there where the key is: itself, or what says in which token it is. */
  readonly file: string;
  /** What openssl's options for keys take. */
  readonly argument: string;
  /** Variable with its passphrase or PIN; undefined: it is not encrypted. */
  readonly passphrase: string | undefined;
  /** undefined: it lies in the file. */
  readonly token: TokenKey | undefined;
}

export function privateKey(
  stem: string,
  token: TokenKey | undefined,
  passphrase: string | undefined,
  road: TokenRoad,
): PrivateKey {
  const file = keyFile(stem);
  if (!token) return { file, argument: file, passphrase, token };
  return { file, argument: tokenArgument(token, road), passphrase: token.pinVariable, token };
}

/** The option with which openssl's commands open a key. */
export const passin = ({ passphrase }: Pick<PrivateKey, 'passphrase'>): string[] =>
  passphrase ? ['-passin', `env:${passphrase}`] : [];

/** `org.openssl.engine:ENGINE:` is a store scheme of openssl: it works in every command, also without -engine. */
export const tokenArgument = (token: TokenKey, road: TokenRoad): string =>
  `${road === 'engine' ? 'org.openssl.engine:pkcs11:' : ''}${tokenUri(token)}`;

/** Whether openssl reaches the key by pkcs11-provider: the key's URI stands as it is. */
export const isByProvider = ({ tool, args }: Pick<Command, 'tool' | 'args'>): boolean =>
  tool === 'openssl' && args.some(arg => arg.startsWith('pkcs11:'));
