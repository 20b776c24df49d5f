// What a command gets that uses a key in a token: the module, its own variables and the PIN, and the token for itself.
// Use of one token by two processes at once fails at random, so each command runs under a lock.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { describeToken, MODULE_VARIABLE, PIN_VARIABLE } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import type { Command } from '../plan/job.ts';
import { MODULE_PLACEHOLDER } from '../plan/pkcs11.ts';
import { isByProvider } from '../plan/private-key.ts';
import { packageRoot } from '../store/package.ts';
import { libraryFile } from '../store/token-road.ts';

/** Where well-known modules look for their settings; TRUSTME_PKCS11_ENV names more. */
const OF_MODULES =
  /^(SOFTHSM2_CONF|P11_KIT_\w+|PKCS11_\w*(CONF|CONFIG|MODULE)\w*|OPENSC_\w+|YKCS11_\w+|YUBIHSM_\w+|TPM2_PKCS11_\w+|TSS2_\w+|CKNFAST_\w+|NFAST_\w+|ChrystokiConfigurationPath|CS_PKCS11_\w+|KRYOPTIC_\w+|XDG_RUNTIME_DIR)$/;

/** Seconds that a command waits for others that use its token. */
const PATIENCE = 600;
/** flock's exit code where it waited in vain; no tool that it runs has this one. */
const TOKEN_IS_BUSY = 75;

/** The module file of a key: its own, else that of the environment, else p11-kit's, which knows all modules of the system. */
export function moduleFile({ module }: Pick<TokenKey, 'module'>, environment: NodeJS.ProcessEnv): string {
  const named = module ?? (environment[MODULE_VARIABLE] || undefined);
  const name = named ?? 'p11-kit-proxy.so';
  const path = name.includes('/') ? name : libraryFile(name);
  if (path !== undefined && existsSync(path) && statSync(path).isFile()) return path;
  throw named === undefined
    ? new StateError(
        'no PKCS #11 module is named, and p11-kit-proxy.so is not installed',
        `export ${MODULE_VARIABLE}=/path/of/module.so, or say module = ... in the [key] section`,
      )
    : new StateError(
        `the PKCS #11 module "${named}" is not there`,
        module === undefined ? `mend ${MODULE_VARIABLE}` : 'mend module = ... in the [key] section',
      );
}

/** Without it openssl and pkcs11-tool would ask, and some send what they find in memory: a try lost. */
export function requirePin(key: TokenKey, secretOf: (variable: string) => string | undefined): void {
  if (!secretOf(key.pinVariable))
    throw new StateError(
      `the PIN of the token ${describeToken(key)} is not there: ${key.pinVariable} is not set`,
      `export ${key.pinVariable}`,
    );
}

/** Environment of a command with a token key, besides what all get. */
export function tokenEnvironment(
  { tool, args }: Command,
  key: TokenKey,
  environment: NodeJS.ProcessEnv,
  secretOf: (variable: string) => string | undefined,
): NodeJS.ProcessEnv {
  const module = moduleFile(key, environment);
  const more = (environment.TRUSTME_PKCS11_ENV ?? '').split(/[\s,:]+/);
  const passed = Object.entries(environment).filter(([name]) => OF_MODULES.test(name) || more.includes(name));
  const common = { ...Object.fromEntries(passed), PKCS11_MODULE_PATH: module, PKCS11_PROVIDER_MODULE: module };
  const settings = (name: string) => ({
    OPENSSL_CONF: join(packageRoot(), 'templates', name),
    [MODULE_VARIABLE]: module,
  });
  if (tool === 'pkcs11-tool') return common;
  if (tool !== 'openssl')
    return { ...common, ...settings('pkcs11-engine.cnf'), [PIN_VARIABLE]: secretOf(key.pinVariable) };
  return isByProvider({ tool, args }) ? { ...common, ...settings('pkcs11-provider.cnf') } : common;
}

/** The command with the module's path in its place. */
export const withModule = (command: Command, module: string): Command => ({
  ...command,
  args: command.args.map(arg => (arg === MODULE_PLACEHOLDER ? module : arg)),
});

/** The same under the lock of the module, which flock(1) hands to it: it ends with the process, however that ends. */
export const underTokenLock = ({ tool, args, ...rest }: Command, module: string): Command => ({
  ...rest,
  tool: 'flock',
  args: [
    '--no-fork',
    '--timeout',
    String(PATIENCE),
    '--conflict-exit-code',
    String(TOKEN_IS_BUSY),
    module,
    tool,
    ...args,
  ],
});

const PIN_WRONG = /PIN incorrect|CKR_PIN_INCORRECT/i;
const PIN_LOCKED = /PIN locked|CKR_PIN_LOCKED/i;
/** All that sbsign and sign-efi-sig-list say of both. */
const LOGIN_FAILED = /^Login (to token )?failed/m;

/** Well-known causes in plain words; the last ones stand beside the first in what openssl says. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [PIN_WRONG, 'the PIN is wrong; it was tried once: tokens lock after a few wrong ones'],
  [PIN_LOCKED, 'the PIN is locked: unlock the token with the PIN of its security officer'],
  [/no such engine|could not load the shared library.*engines/i, 'install the package libengine-pkcs11-openssl'],
  [
    /Unable to load module|Unable to load PKCS#11 module|sc_dlopen|Failed to initialize PKCS#11/i,
    'the PKCS #11 module cannot be loaded: look at its path and settings',
  ],
  [
    /No matching initialized token|No slot with a token|No slot named/i,
    'the token is not there: look at its label and serial number, and whether it is plugged in',
  ],
  [/UI_process failed|No PIN code was entered/i, 'the variable with the PIN is not set'],
  [
    /Multiple matching slots/i,
    'several tokens have this label: say serial = ... in the [key] section, or unplug the others',
  ],
  [LOGIN_FAILED, 'the PIN is wrong or locked; it was tried once: tokens lock after a few wrong ones'],
  [/The private key was not found|object not found/i, 'the token has no such key: look at object and id'],
];

export const tokenHintFor = (exitCode: number | undefined, stderr: string): string | undefined =>
  exitCode === TOKEN_IS_BUSY
    ? `another process has held the token for ${PATIENCE} seconds: end it, and run again`
    : CAUSES.find(([pattern]) => pattern.test(stderr))?.[1];

export const isPinRefused = (stderr: string): boolean =>
  [PIN_WRONG, PIN_LOCKED, LOGIN_FAILED].some(pattern => pattern.test(stderr));
