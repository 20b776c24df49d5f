// What differs between a configuration and a PKI directory, whoever made that.
import { resolve } from 'node:path';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { type Difference, differencesOf } from '../store/differences.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { certificateFile } from '../store/names.ts';
import { look } from './directory-lock.ts';

export interface Comparison {
  readonly stem: string;
  /** `missing`: configured, and not in the directory; `extra`: the other way round. */
  readonly state: 'missing' | 'extra' | 'different';
  readonly file: string;
  readonly differences: readonly Difference[];
}

/** Entities that are not as configured. Entities of UEFI variables count only where the directory has some, or `hasPlatformKeys`. */
export function compareDirectory(path: string, hierarchy: Hierarchy, hasPlatformKeys: boolean): Comparison[] {
  if (!look(path, 'stat')?.isDirectory())
    throw new StateError(`"${path}" is no directory`, 'give the PKI directory with --dir, or generate it');
  const { certificates } = readPkiDirectory(resolve(path));
  const byFile = new Map(certificates.map(each => [each.file, each]));
  const entities = [...hierarchy.values()];
  const isAsked = hasPlatformKeys || entities.some(each => each.variable && byFile.has(certificateFile(each)));
  const compared = entities
    .filter(({ variable }) => isAsked || !variable)
    .flatMap((entity): Comparison[] => {
      const file = certificateFile(entity);
      const { stem } = entity;
      const found = byFile.get(file);
      if (!found) return [{ stem, state: 'missing', file, differences: [] }];
      // What was made elsewhere is as it is, and would be so in a new directory.
      if (entity.supplied) return [];
      const differences = differencesOf(entity, hierarchy, describeCertificate(found.certificate.raw));
      return differences.length === 0 ? [] : [{ stem, state: 'different', file, differences }];
    });
  const configured = new Set(entities.map(certificateFile));
  const extra = certificates
    .filter(({ file }) => !configured.has(file))
    .map(({ stem, file }): Comparison => ({ stem, state: 'extra', file, differences: [] }));
  return [...compared, ...extra];
}

const MARKS = { missing: '+', extra: '-', different: '~' } as const;
const WORDS = { missing: 'is configured, not there', extra: 'is there, not configured', different: 'differs' } as const;

/** One line for each entity, one for each value. */
export function formatComparison(path: string, comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return `${path} is as configured`;
  const lines = comparisons.flatMap(({ stem, state, file, differences }) => [
    `${MARKS[state]} ${stem}: ${file} ${WORDS[state]}`,
    ...differences.map(({ key, is, should }) => `    ${key}: ${is || '(none)'} -> ${should || '(none)'}`),
  ]);
  return [
    ...lines,
    '',
    '"generate" changes nothing that is there: generate a new directory to have these values.',
  ].join('\n');
}
