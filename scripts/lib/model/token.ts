// The [key] section: a private key that lies in a PKCS #11 token, and the URI that names it (RFC 7512).
import { type ConfigProblem, UsageError } from '../errors.ts';
import { VARIABLE_NAME } from './passphrase.ts';
import type { TokenKey } from './types.ts';
import { type KnownKeys, placeOf, problemAt, type Values } from './values.ts';

export const TOKEN_KEYS: KnownKeys = {
  names: ['storage', 'token', 'serial', 'object', 'id', 'module', 'pin-env'],
};

/** How openssl reaches a token: the engine of libp11 by its store, or pkcs11-provider (OpenSSL 3.2 and later). */
export type TokenRoad = 'engine' | 'provider';

/** The variable with the PIN where pin-env names no other, and the one with the path of the PKCS #11 module. */
export const PIN_VARIABLE = 'TRUSTME_PKCS11_PIN';
export const MODULE_VARIABLE = 'TRUSTME_PKCS11_MODULE';

/** Each key's pattern, and what it is in words. */
const VALUES: Readonly<Record<string, readonly [RegExp, string]>> = {
  storage: [/^(pkcs11|file)$/, '"pkcs11" (in a token) or "file"'],
  token: [/^[ -~]{1,32}$/, 'a token label of at most 32 ASCII characters'],
  serial: [/^[!-~]{1,16}$/, 'a token serial number of at most 16 ASCII characters'],
  object: [/^[ -~]{1,64}$/, 'an object label of at most 64 ASCII characters'],
  id: [/^([0-9A-Fa-f]{2}){1,32}$/, 'an object id in hexadecimal'],
  module: [
    /^(\/[ -~]+|[^/ ]+\.so[.0-9]*)$/,
    'the absolute path of a PKCS #11 module, or the file name of one in a library folder',
  ],
  'pin-env': [VARIABLE_NAME, 'the name of an environment variable'],
};

/** Reads the section; undefined: the key lies in a file. Mistakes are added to `problems`. */
export function readTokenKey(
  values: Values | undefined,
  file: string,
  problems: ConfigProblem[],
): TokenKey | undefined {
  if (!values) return undefined;
  for (const [key, fact] of values) {
    const [pattern, expected] = VALUES[key] ?? [];
    if (pattern && !pattern.test(fact.value)) problems.push(problemAt(fact, 'key', key, expected!));
  }
  const value = (key: string) => values.get(key)?.value;
  const lacks = (key: string, expected: string) =>
    problems.push({ ...placeOf(values, file), section: 'key', key, expected });
  if (!values.has('storage')) lacks('storage', '"pkcs11" (in a token) or "file"');
  if (value('storage') === 'file') return undefined;
  if (!values.has('token') && !values.has('serial'))
    lacks('token', 'the label of a token, or its serial number as serial');
  // A URI without either names some key of the token.
  if (!values.has('object') && !values.has('id')) lacks('object', 'the label of the key, or its id as id');
  return {
    token: value('token'),
    serial: value('serial'),
    object: value('object'),
    id: value('id')?.toUpperCase(),
    module: value('module'),
    pinVariable: value('pin-env') ?? PIN_VARIABLE,
  };
}

/** The URI of the private key, without module and PIN. */
export function tokenUri({ token, serial, object, id }: TokenKey): string {
  const text = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value).replace(/[!'()*]/g, escapeByte)}`];
  return `pkcs11:${[
    ...text('token', token),
    ...text('serial', serial),
    ...text('object', object),
    ...(id === undefined ? [] : [`id=${id.replace(/../g, '%$&')}`]),
    'type=private',
  ].join(';')}`;
}

const escapeByte = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** The reverse, for the URIs that `tokenUri` writes. Throws a RangeError, `it …`, where it is none. */
export function parseTokenUri(uri: string): Pick<TokenKey, 'token' | 'serial' | 'object' | 'id'> {
  const parts = /^pkcs11:((?:[a-z]+=[^;?&\s]+;)+)type=private$/.exec(uri)?.[1];
  if (parts === undefined) throw new RangeError(`it names no private key of a token: "${uri}"`);
  const values = new Map(
    parts
      .slice(0, -1)
      .split(';')
      .map(part => part.split('=') as [string, string]),
  );
  const text = (name: string) => {
    const value = values.get(name);
    return value === undefined ? undefined : decodeURIComponent(value);
  };
  const id = values.get('id')?.replaceAll('%', '').toUpperCase();
  return { token: text('token'), serial: text('serial'), object: text('object'), id };
}

/** A URI as people write it (RFC 7512): in any order, with attributes that we go without. Throws a UsageError. */
export function readTokenUri(uri: string): Omit<TokenKey, 'pinVariable'> {
  const [path = '', query = ''] = uri.slice('pkcs11:'.length).split('?');
  // The URI itself may hold the secret: it is not repeated.
  if (/(^|[;&])pin-(value|source)=/.test(`${path};${query}`))
    throw new UsageError('a PIN does not belong in a URI', 'export it, and name the variable: -p NAME');
  const values = new Map(
    [...path.split(';'), ...query.split('&')].map(part => part.split('=') as [string, string | undefined]),
  );
  const text = (name: string) => {
    const value = values.get(name);
    return value === undefined ? undefined : unescaped(value);
  };
  const id = values.get('id');
  const bytes = id?.replace(/%([0-9A-Fa-f]{2})|([^%])/g, (_, hex?: string, plain?: string) => hex ?? toHex(plain!));
  const found = { token: text('token'), serial: text('serial'), object: text('object'), id: bytes?.toUpperCase() };
  if ((found.token ?? found.serial) === undefined || (found.object ?? found.id) === undefined)
    throw new UsageError(
      `"${uri}" names no key of a token`,
      'give token or serial, and object or id: pkcs11:token=T;object=O',
    );
  return { ...found, module: text('module-path') };
}

/** As it stands where it is not escaped properly: then it names nothing. */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const toHex = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0');

/** Begins the file that lies where a private key would be. */
export const TOKEN_KEY_MARK = '# The private key is in a PKCS #11 token';

/** The lines of that file; the public key follows them (PEM). */
export const tokenKeyHead = (key: TokenKey): string =>
  [
    `${TOKEN_KEY_MARK}; there is no secret in this file.`,
    `uri = ${tokenUri(key)}`,
    `pin-env = ${key.pinVariable}`,
    ...(key.module === undefined ? [] : [`module = ${key.module}`]),
    '',
  ].join('\n');

/** As people name it. */
export const describeToken = ({ token, serial }: TokenKey): string =>
  [token === undefined ? undefined : `"${token}"`, serial === undefined ? undefined : `with serial number ${serial}`]
    .filter(Boolean)
    .join(' ');
export const describeObject = ({ object, id }: TokenKey): string =>
  [object === undefined ? undefined : `"${object}"`, id === undefined ? undefined : `with id ${id}`]
    .filter(Boolean)
    .join(' ');
