// The private key of a certificate of a PKI directory: in a file, or in a token that the file names.
import { recordedVariables } from '../check/record.ts';
import { StateError } from '../errors.ts';
import { choosePassphraseVariable } from '../model/passphrase.ts';
import { isEncryptedKey } from '../model/pem.ts';
import { tokenUri } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { type PrivateKey, privateKey } from '../plan/private-key.ts';
import { readContained } from '../store/contained-file.ts';
import { readManifest } from '../store/manifest.ts';
import { keyFile } from '../store/names.ts';
import { parseTokenKey, tokenIn } from '../store/token-key.ts';
import { findTokenRoad } from '../store/token-road.ts';
import type { OpenDirectory } from './open.ts';

/** Throws a StateError for a CA whose key is elsewhere: there is its database, too. */
export function refuseWithoutKey({ directory }: Pick<OpenDirectory, 'directory'>, stem: string): void {
  if (!directory.keys.has(stem))
    throw new StateError(
      `the key of ${stem} is not in the directory`,
      'sign, revoke and make lists where that key is: --dir DIR',
    );
}

/** The token with the key of a stem, reached as a folder that is given says; undefined: it is in a file, or not there. */
export function tokenOf(
  { directory, settings, options }: Pick<OpenDirectory, 'directory' | 'settings' | 'options'>,
  stem: string,
): TokenKey | undefined {
  const there = tokenIn(directory, stem);
  const given = options.configurationFolders.length > 0 && settings.configuration.hierarchy.get(stem)?.token;
  if (!there || !given || tokenUri(given) !== tokenUri(there)) return there;
  return { ...there, module: given.module, pinVariable: given.pinVariable };
}

/** As commands in the directory take it. */
export function keyOf(open: OpenDirectory, stem: string): PrivateKey {
  const token = tokenOf(open, stem);
  if (token) return privateKey(stem, token, undefined, findTokenRoad(open.options.environment));
  return privateKey(stem, undefined, passphraseOf(open, stem), 'engine');
}

/** The variable that opens the key: asked only where the key is encrypted, or in a token. */
export function passphraseOf(open: OpenDirectory, stem: string): string | undefined {
  const { directory } = open;
  if (!directory.keys.has(stem)) return undefined;
  const token = tokenOf(open, stem);
  if (token) return token.pinVariable;
  return variableFor(open, stem, readContained(directory.path, keyFile(stem)));
}

/** A key that a stem had before, in a file of the directory; undefined: that says in which token it is. */
export function formerKeyOf(open: OpenDirectory, stem: string, file: string): PrivateKey | undefined {
  const content = readContained(open.directory.path, file);
  if (parseTokenKey(content.toString('latin1'))) return undefined;
  return { file, argument: file, passphrase: variableFor(open, stem, content), token: undefined };
}

function variableFor({ directory, settings, options }: OpenDirectory, stem: string, key: Buffer): string | undefined {
  if (!isEncryptedKey(key.toString('latin1'))) return undefined;
  const entities = [...settings.configuration.hierarchy.values()];
  const described = settings.configuration.hierarchy.get(stem)?.passphraseVariables;
  const own = described ?? recordedVariables(readManifest(directory.path), stem);
  const names = own.length > 0 ? own : [...new Set(entities.flatMap(each => each.passphraseVariables))];
  const isSet = (name: string) => Boolean(options.environment[name]);
  return choosePassphraseVariable(names, isSet) ?? names[0];
}
