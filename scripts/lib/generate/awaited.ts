// Certificates that were made elsewhere and have come: the entities of a PKI that was begun with requests take them.
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { parseKeyType } from '../model/key-type.ts';
import { readPending, readRequestOptions } from '../store/requests.ts';
import type { GenerateOptions } from './generate.ts';

/** Throws where one of them has not come yet. */
export function withAwaited(outDir: string): (hierarchy: Hierarchy) => Hierarchy {
  const pending = readPending(outDir);
  const waiting = [...pending.values()].filter(({ certificate }) => certificate === undefined);
  if (waiting.length > 0)
    throw new StateError(
      `"${outDir}" waits for the certificates of ${waiting.map(({ stem }) => stem).join(', ')}`,
      `trustme-pki import ${waiting[0]!.stem} CERT --dir ${outDir}`,
    );
  return hierarchy =>
    new Map(
      [...hierarchy].map(([stem, entity]) => {
        const { certificate, key } = pending.get(stem) ?? {};
        return [stem, certificate === undefined ? entity : { ...entity, supplied: { certificate, key } }];
      }),
    );
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
