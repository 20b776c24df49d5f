// A signer by files, without a PKI directory: a certificate, and a key in a file or a token. So sign_config.sh was told.
import type { X509Certificate } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { VARIABLE_NAME } from '../model/passphrase.ts';
import { isEncryptedKey, privateKeyBlock } from '../model/pem.ts';
import { PIN_VARIABLE, readTokenUri } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { type PrivateKey, tokenArgument } from '../plan/private-key.ts';
import { surroundingsIn } from '../run/exec.ts';
import { parseCertificates } from '../store/certificate.ts';
import { inputFile, readInput } from '../store/input-file.ts';
import { parseTokenKey } from '../store/token-key.ts';
import { findTokenRoad } from '../store/token-road.ts';
import { refuseExpired, refuseRevoked, type Signer } from './signer.ts';

export interface SignerFiles {
  /** A file, or the URI of a key in a token (RFC 7512). */
  readonly key: string;
  readonly certificate: string;
  /** Name of the variable with passphrase or PIN, `env:` in front or not. */
  readonly passphrase: string | undefined;
  /** A PKI directory that may have revoked the certificate, as typed; the folder of that is asked anyway. */
  readonly directory: string | undefined;
}

/** Throws where a file is not what it should be, or a secret is where others can read it. */
export function signerFromFiles(
  { key, certificate, passphrase, directory }: SignerFiles,
  environment: NodeJS.ProcessEnv,
  controller: AbortController,
): Signer {
  const variable = passphrase === undefined ? undefined : readVariable(passphrase, environment);
  const [own, ...chain] = readChain(certificate);
  const file = inputFile(certificate);
  const signer = { file, stem: basename(file).replace(/\.[^.]+$/, ''), certificate: own!, chain };
  refuseExpired(signer, 'sign by a certificate that is valid');
  for (const folder of new Set([dirname(file), ...(directory === undefined ? [] : [resolve(directory)])]))
    refuseRevoked(signer, chain, folder, 'sign by another certificate');
  return {
    certificate: signer,
    key: readKey(key, variable, environment),
    surroundings: surroundingsIn(resolve('.'), environment, controller),
  };
}

function readVariable(given: string, environment: NodeJS.ProcessEnv): string {
  const name = given.replace(/^env:/, '');
  if (VARIABLE_NAME.test(name) && environment[name] !== undefined) return name;
  // What was given may be the secret itself: it is not repeated.
  throw new UsageError(
    '-p takes the name of an environment variable that is set, not the passphrase: all users of the machine can read that',
    'export it: PASSPHRASE=... sign_config.sh ... -p PASSPHRASE',
  );
}

function readChain(given: string): X509Certificate[] {
  const certificates = parseCertificates(readInput(given).toString('latin1'));
  if (certificates && certificates.length > 0) return certificates;
  throw new StateError(
    `"${given}" ${certificates ? 'holds no certificate (PEM)' : 'has a certificate that cannot be read'}`,
    'give the certificate of the key, with its chain',
  );
}

function readKey(given: string, variable: string | undefined, environment: NodeJS.ProcessEnv): PrivateKey {
  if (given.startsWith('pkcs11:'))
    return inToken(given, { ...readTokenUri(given), pinVariable: variable ?? PIN_VARIABLE }, environment);
  const file = inputFile(given);
  const text = readInput(given).toString('latin1');
  const token = parseTokenKey(text);
  if (token) return inToken(file, variable === undefined ? token : { ...token, pinVariable: variable }, environment);
  if (!privateKeyBlock(text))
    throw new StateError(`"${given}" holds no private key (PEM)`, 'give the key of the certificate, or the URI of one');
  const isEncrypted = isEncryptedKey(text);
  if (isEncrypted && variable === undefined)
    throw new StateError(`"${given}" is encrypted`, 'export its passphrase and name the variable: -p NAME');
  return { file, argument: file, passphrase: isEncrypted ? variable : undefined, token: undefined };
}

const inToken = (file: string, token: TokenKey, environment: NodeJS.ProcessEnv): PrivateKey => ({
  file,
  argument: tokenArgument(token, findTokenRoad(environment)),
  passphrase: token.pinVariable,
  token,
});
