// Argument arrays of the commands that look at and make keys in a token: pkcs11-tool of OpenSC, and openssl.
import { canonicalKeyType } from '../model/key-type.ts';
import { MODULE_VARIABLE } from '../model/token.ts';
import type { KeyType, TokenKey } from '../model/types.ts';
import { type Command, command } from './job.ts';

/** Stands for the path of the module, which the environment knows where the key does not. */
export const MODULE_PLACEHOLDER = `$${MODULE_VARIABLE}`;

const moduleOf = ({ module }: TokenKey): string => module ?? MODULE_PLACEHOLDER;

/** The tokens of a module. */
export const listTokens = (key: TokenKey): Command =>
  command('pkcs11-tool', ['--module', moduleOf(key), '--list-token-slots'], [], key);

/** In a slot by its number (hexadecimal), where it is known; a label may be that of two tokens. */
const login = (key: TokenKey, slot: string | undefined): string[] => [
  ...['--module', moduleOf(key)],
  ...(slot === undefined ? (key.token === undefined ? [] : ['--token-label', key.token]) : ['--slot', slot]),
  ...['--login', '--pin', `env:${key.pinVariable}`],
];

/** The private keys of a token. It lists all, whatever label it is told. */
export const listKeys = (key: TokenKey, slot: string | undefined): Command =>
  command('pkcs11-tool', [...login(key, slot), '--list-objects', '--type', 'privkey'], [key.pinVariable], key);

/**
 * Makes a key pair. The token never refuses a second one of the same label and id: look first. Without an id of its own
 * (hexadecimal), engines take the public key of another for that of this one.
 */
export function generateInToken(
  key: TokenKey,
  keyType: KeyType,
  label: string,
  id: string,
  slot: string | undefined,
): Command {
  const type = canonicalKeyType(keyType).replace(/^ec/, 'EC');
  const name = ['--label', key.object ?? label, '--id', key.id ?? id];
  const args = [...login(key, slot), '--keypairgen', '--key-type', type, ...name, '--usage-sign'];
  return command('pkcs11-tool', args, [key.pinVariable], key);
}

/** A request that it signs, for a trial: whether the public key belongs to it. */
export const tryKey = (argument: string, key: TokenKey): Command =>
  command(
    'openssl',
    [
      ...['req', '-new', '-batch', '-config', '/dev/null', '-subj', '/CN=trial'],
      ...['-key', argument, '-passin', `env:${key.pinVariable}`],
    ],
    [key.pinVariable],
    key,
  );

/** Its public key (PEM). pkcs11-tool cannot read that of an EC key. */
export const readPublicKey = (argument: string, key: TokenKey): Command =>
  command('openssl', ['pkey', '-in', argument, '-passin', `env:${key.pinVariable}`, '-pubout'], [key.pinVariable], key);
