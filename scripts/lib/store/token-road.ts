// Which of openssl's two roads to a token is installed: looked up in the folders where libraries lie; nothing is run.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import type { TokenRoad } from '../model/token.ts';

/** The variable that chooses a road where both, or none that is found, are there. */
const ROAD_VARIABLE = 'TRUSTME_PKCS11_ROAD';

/** Folders of libraries: those of Debian's multiarch, of other distributions, and of local builds. */
function libraryFolders(): string[] {
  const multiarch = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter(name => name.includes('-linux-')) : [];
  return [...multiarch.map(name => `/usr/lib/${name}`), '/usr/lib64', '/usr/lib', '/usr/local/lib64', '/usr/local/lib'];
}

/** The path of a library by its file name; undefined: it is in none of the folders. */
export const libraryFile = (name: string): string | undefined =>
  libraryFolders()
    .flatMap(folder => [folder, join(folder, 'pkcs11'), join(folder, 'softhsm')])
    .map(folder => join(folder, name))
    .find(path => existsSync(path));

/** The library of a road, where openssl looks for it; undefined: it is not installed. */
export function roadLibrary(road: TokenRoad, environment: NodeJS.ProcessEnv): string | undefined {
  const [variable, folders] =
    road === 'engine'
      ? [environment.OPENSSL_ENGINES, ['engines-3', 'ossl-engines-3']]
      : [environment.OPENSSL_MODULES, ['ossl-modules']];
  const places = variable ? [variable] : libraryFolders().flatMap(place => folders.map(folder => join(place, folder)));
  return places.map(place => join(place, 'pkcs11.so')).find(path => existsSync(path));
}

/** efitools and sbsign know no provider. Throws where they cannot reach a token. */
export function requireEngine(tool: string, environment: NodeJS.ProcessEnv): void {
  if (!roadLibrary('engine', environment))
    throw new StateError(
      `${tool} reaches keys in tokens by the pkcs11 engine alone, which is not installed`,
      'install the package libengine-pkcs11-openssl, or keep the keys of UEFI variables in files',
    );
}

/** The engine where both are there: sbsign and efitools know that alone. Throws where none is. */
export function findTokenRoad(environment: NodeJS.ProcessEnv): TokenRoad {
  const chosen = environment[ROAD_VARIABLE];
  if (chosen === 'engine' || chosen === 'provider') return chosen;
  if (chosen) throw new UsageError(`${ROAD_VARIABLE} is "${chosen}"`, 'give "engine" or "provider"');
  if (roadLibrary('engine', environment)) return 'engine';
  if (roadLibrary('provider', environment)) return 'provider';
  throw new StateError(
    'openssl here reaches no PKCS #11 token: neither the pkcs11 engine nor pkcs11-provider is installed',
    'install the package libengine-pkcs11-openssl (or pkcs11-provider, with OpenSSL 3.2 or later)',
  );
}
