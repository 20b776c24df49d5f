// What is run, as data: worked out first, run in one place, and printed by a dry run.
import type { TokenRoad } from '../model/token.ts';
import type { KeyType, TokenKey } from '../model/types.ts';
import type { PrivateKey } from './private-key.ts';

/** A tool with its arguments, of which nothing has a meaning to a shell. Paths are relative to the PKI directory. */
export interface Command {
  readonly kind: 'command';
  readonly tool: string;
  readonly args: readonly string[];
  /** Names of the variables with secrets that this command alone gets. */
  readonly secrets: readonly string[];
  /** The key in a token that it uses; undefined: none. */
  readonly token?: TokenKey;
  /** The certificate (PEM) that this key has to fit: its file, as the command names it. */
  readonly certificate?: string;
}

/** A key in a token, made there where it is missing and may be made; its file gets the public key and the URI. */
export interface UseToken {
  readonly kind: 'token';
  readonly key: TokenKey;
  readonly keyType: KeyType;
  /** Label of a key that is made and was named by its id. */
  readonly label: string;
  readonly mayGenerate: boolean;
  readonly road: TokenRoad;
}

/** A file with this text, mode 0644. */
export interface Write {
  readonly kind: 'write';
  readonly text: string;
}

/**
 * Files one after another; of a part marked `first`, its first PEM certificate only. With such a part all are PEM, and
 * a part whose last line has no end gets one.
 */
export interface Concatenate {
  readonly kind: 'concatenate';
  readonly parts: readonly { readonly file: string; readonly first?: true }[];
  /** Permission bits of the result: 0o600 where a part is a private key. */
  readonly mode: number;
}

/** Whether it joins PEM, and not lists of UEFI, to which no byte may be added. */
export const isText = ({ parts }: Concatenate): boolean => parts.some(({ first }) => first === true);

/** A file from elsewhere, wholly or its first PEM certificate. Its path holds where the program was started. */
export interface Copy {
  readonly kind: 'copy';
  readonly source: string;
  readonly first: boolean;
  readonly mode: number;
}

/** The first PEM certificate of a file, as DER. */
export interface Der {
  readonly kind: 'der';
  readonly certificate: string;
}

/** The index of a CA's database, with a row for each of these certificates. */
export interface Index {
  readonly kind: 'index';
  readonly certificates: readonly string[];
}

export type Step = Command | UseToken | Write | Concatenate | Copy | Der | Index;

/** A unit of work. `id` is the (first) file that it makes. */
export interface Job {
  readonly id: string;
  /** Ids of the jobs that come first. */
  readonly needs: readonly string[];
  /** All files that it makes. */
  readonly makes: readonly string[];
  /** Whether it makes a private key: what takes the time, and what progress counts. */
  readonly makesKey: boolean;
  readonly step: Step;
}

/** A job; what it makes is its id, unless said otherwise. */
export function job(
  id: string,
  needs: readonly string[],
  step: Step,
  extra: { makes?: readonly string[]; makesKey?: boolean } = {},
): Job {
  return { id, needs, step, makes: extra.makes ?? [id], makesKey: extra.makesKey ?? false };
}

/** A command as a step. */
export const command = (
  tool: string,
  args: readonly string[],
  secrets: readonly string[] = [],
  token?: TokenKey,
): Command => ({ kind: 'command', tool, args, secrets, ...(token ? { token } : {}) });

/** A command that uses one private key; where that is in a token, it has to be the one of `certificate`. */
export const commandWithKey = (
  tool: string,
  args: readonly string[],
  { passphrase, token }: KeyUse,
  certificate?: string,
): Command => ({
  ...command(tool, args, passphrase ? [passphrase] : [], token),
  ...(token && certificate !== undefined ? { certificate } : {}),
});
type KeyUse = Pick<PrivateKey, 'passphrase' | 'token'>;
