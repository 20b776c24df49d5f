// Requests whose certificates are made elsewhere, as they wait in a directory: `.pki/requests/STEM/`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { ifThere } from './files.ts';
import { MANIFEST, pendingFile, REQUEST_OPTIONS, REQUESTS } from './names.ts';

export interface Pending {
  readonly stem: string;
  /** Absolute path of its new key; undefined: it is for the key that the directory has. */
  readonly key: string | undefined;
  /** Absolute path of its certificate; undefined: it waits. */
  readonly certificate: string | undefined;
}

/** What `request` was told of a PKI that is not there yet. */
export interface RequestOptions {
  readonly schema: 1;
  readonly brand?: string;
  readonly keyType?: string;
  readonly hasPlatformKeys: boolean;
}

/** Those of a directory, by stem. What an `import` takes away meanwhile is none any more. */
export function readPending(path: string): ReadonlyMap<string, Pending> {
  const stems = ifThere(() => readdirSync(join(path, REQUESTS))) ?? [];
  const found = (stem: string, name: 'key' | 'certificate.pem') => {
    const file = join(path, pendingFile(stem, name));
    return existsSync(file) ? file : undefined;
  };
  const pending = stems
    .filter(stem => existsSync(join(path, pendingFile(stem, 'request.csr'))))
    .map((stem): Pending => ({ stem, key: found(stem, 'key'), certificate: found(stem, 'certificate.pem') }));
  return new Map(pending.map(each => [each.stem, each]));
}

/** Whether a directory is a PKI that is still on its way: requests, and no manifest, which is the last that is moved in. */
export const isAwaited = (path: string): boolean =>
  existsSync(join(path, REQUEST_OPTIONS)) && !existsSync(join(path, MANIFEST));

const isOptions = (value: unknown): value is RequestOptions => {
  const { schema, brand = '', keyType = '', hasPlatformKeys } = value as { [key: string]: unknown };
  return (
    schema === 1 && [brand, keyType].every(each => typeof each === 'string') && typeof hasPlatformKeys === 'boolean'
  );
};

/** Throws a StateError where it is none of ours. */
export function readRequestOptions(path: string): RequestOptions {
  try {
    const options: unknown = JSON.parse(readFileSync(join(path, REQUEST_OPTIONS), 'utf8'));
    if (isOptions(options)) return options;
  } catch {
    // Told below.
  }
  throw new StateError(`"${join(path, REQUEST_OPTIONS)}" cannot be read`, 'begin again in a new directory');
}
