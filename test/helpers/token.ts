// A SoftHSM2 token in a folder of a test's own, and the environment that reaches it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, tool } from './door.ts';

export const PIN = '271828';
/** By which of openssl's roads the tests go; by itself the program takes the engine where that is there. */
export const ROAD = process.env.TOKEN_ROAD ?? 'engine';
/** What stands before a key's URI in openssl's options. */
export const STORE = ROAD === 'engine' ? 'org.openssl.engine:pkcs11:' : '';
const MODULE = '/usr/lib/softhsm/libsofthsm2.so';

/** Where the module's settings lie; the PIN is not in it. */
export function softhsm(folder: string): NodeJS.ProcessEnv {
  mkdirSync(join(folder, 'tokens'), { recursive: true });
  const file = join(folder, 'softhsm2.conf');
  writeFileSync(file, `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`);
  return { SOFTHSM2_CONF: file, TRUSTME_PKCS11_MODULE: MODULE, TRUSTME_PKCS11_ROAD: ROAD };
}

/** A signature by openssl alone: where that fails the token is broken, not the program. */
export function signPlainly(folder: string, label: string, object: string, reach: NodeJS.ProcessEnv): void {
  const uri = `pkcs11:token=${label};object=${object};type=private`;
  const settings = ROAD === 'engine' ? '/dev/null' : join(ROOT, 'templates/pkcs11-provider.cnf');
  writeFileSync(join(folder, 'data'), 'x');
  tool('openssl', ['dgst', '-sha256', '-sign', `${STORE}${uri}`, '-passin', 'env:PIN', '-out', 'sig', 'data'], folder, {
    ...reach,
    ...{ PKCS11_MODULE_PATH: MODULE, OPENSSL_CONF: settings, PIN },
  });
}

export const makeToken = (label: string, reach: NodeJS.ProcessEnv): string =>
  tool('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '314159', '--pin', PIN], '/', reach);

/** Runs pkcs11-tool, logged in. */
export const pkcs11 = (label: string, reach: NodeJS.ProcessEnv, ...words: string[]): string =>
  tool('pkcs11-tool', ['--module', MODULE, '--token-label', label, '--login', '--pin', PIN, ...words], '/', reach);

/** Labels of the private keys in it. */
export const labels = (label: string, reach: NodeJS.ProcessEnv): string[] =>
  [...pkcs11(label, reach, '--list-objects', '--type', 'privkey').matchAll(/^ +label: +(.*)$/gm)]
    .map(([, name]) => name!)
    .sort();

/** The [key] section of an ini file. */
export const keySection = (token: string, object: string): string =>
  `[key]\nstorage = pkcs11\ntoken = ${token}\nobject = ${object}\n`;
