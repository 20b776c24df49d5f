// Certificates that were made elsewhere and have come: the entities of a PKI that was begun with requests take them.
import { StateError } from '../errors.ts';
import { parseKeyType } from '../model/key-type.ts';
import { shellWord } from '../model/shell-word.ts';
import type { Supplied } from '../model/types.ts';
import { readPending, readRequestOptions } from '../store/requests.ts';
import type { GenerateOptions } from './generate.ts';

/** By stem. Throws where one of them has not come yet. */
export function awaitedFiles(outDir: string): ReadonlyMap<string, Supplied> {
  const pending = [...readPending(outDir).values()];
  const waiting = pending.filter(({ certificate }) => certificate === undefined);
  if (waiting.length > 0)
    throw new StateError(
      `"${outDir}" waits for the certificates of ${waiting.map(({ stem }) => stem).join(', ')}`,
      `trustme-pki import ${waiting[0]!.stem} CERT --dir ${shellWord(outDir)}`,
    );
  return new Map(pending.map(({ stem, certificate, key }) => [stem, { certificate: certificate!, key }]));
}

/** As `request` was told, where nothing else is said now. */
export function withRequestOptions(options: GenerateOptions, outDir: string): GenerateOptions {
  const told = readRequestOptions(outDir);
  const keyType = told.keyType === undefined ? undefined : parseKeyType(told.keyType);
  return {
    ...options,
    brand: options.brand ?? told.brand,
    keyType: options.keyType ?? keyType,
    hasPlatformKeys: options.hasPlatformKeys || told.hasPlatformKeys,
  };
}
