// What differs between a configuration and a PKI directory, whoever made that.
import { resolve } from 'node:path';
import { replacedBy, withoutAdded } from '../check/configuration.ts';
import { StateError } from '../errors.ts';
import { tokenUri } from '../model/token.ts';
import { type Entity, keepsDatabase, type Supplied } from '../model/types.ts';
import { keyOf } from '../plan/issuing.ts';
import { renderConfiguration } from '../plan/render.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { refusalToRead } from '../store/contained-file.ts';
import { type Difference, differencesOf } from '../store/differences.ts';
import { byStem, type CertificateFile, type PkiDirectory, readPkiDirectory } from '../store/directory.ts';
import { certificateFile, keyFile } from '../store/names.ts';
import { textDifferences } from '../store/text-differences.ts';
import { tokenIn } from '../store/token-key.ts';
import { look } from './directory-lock.ts';
import type { Prepared } from './prepare.ts';

type Wanted = Pick<Prepared, 'configuration' | 'templates' | 'inputs'>;

export interface Comparison {
  readonly stem: string;
  /** `missing`: configured, and not in the directory; `extra`: the other way round. */
  readonly state: 'missing' | 'extra' | 'different';
  readonly file: string;
  readonly differences: readonly Difference[];
}

/** Entities that are not as configured. Entities of UEFI variables count only where the directory has some, or `hasPlatformKeys`. */
export function compareDirectory(path: string, wanted: Wanted, hasPlatformKeys: boolean): Comparison[] {
  if (!look(path, 'stat')?.isDirectory())
    throw new StateError(`"${path}" is no directory`, 'give the PKI directory with --dir, or generate it');
  const directory = readPkiDirectory(resolve(path));
  const { certificates } = directory;
  const byFile = new Map(certificates.map(each => [each.file, each]));
  const entities = [...wanted.configuration.hierarchy.values()];
  const isAsked = hasPlatformKeys || entities.some(each => each.variable && byFile.has(certificateFile(each)));
  const compared = entities
    .filter(({ variable }) => isAsked || !variable)
    .flatMap((entity): Comparison[] => {
      const file = certificateFile(entity);
      const { stem } = entity;
      const found = byFile.get(file);
      if (!found) return [{ stem, state: 'missing', file, differences: [] }];
      const differences = differencesBetween(entity, found, directory, wanted);
      return differences.length === 0 ? [] : [{ stem, state: 'different', file, differences }];
    });
  const configured = new Set(entities.map(certificateFile));
  const extra = certificates
    .filter(({ file }) => !configured.has(file))
    .map(({ stem, file }): Comparison => ({ stem, state: 'extra', file, differences: [] }));
  return [...compared, ...extra];
}

function differencesBetween(
  entity: Entity,
  found: CertificateFile,
  directory: PkiDirectory,
  { configuration: { hierarchy }, templates, inputs }: Wanted,
): Difference[] {
  const own = entity.supplied
    ? suppliedDifference(entity.supplied, found)
    : withoutAdded(differencesOf(entity, hierarchy, describeCertificate(found.certificate.raw)), { templates });
  const text = renderConfiguration(inputs.templateOf(entity.stem), entity, keyOf(entity, inputs), inputs.version);
  const rendered = textDifferences(directory.path, entity.stem, text).filter(({ key }) =>
    OF_ISSUED.test(key)
      ? keepsDatabase(entity)
      : // What a template adds is in no ini file; the rest is told by the certificate.
        templates.length > 0 && !own.some(each => key.endsWith(` ${each.key}`)),
  );
  return [...own, ...chainDifference(entity, found, directory), ...rendered, ...keyDifference(entity, directory)];
}

/** What was made elsewhere is as it is, and would be so in a new directory. */
function suppliedDifference({ certificate }: Supplied, found: CertificateFile): Difference[] {
  const wanted = replacedBy(certificate, found);
  if (!wanted) return [];
  return [{ key: 'certificate-file', is: found.certificate.fingerprint256, should: wanted.fingerprint256 }];
}

/** Of what a CA issues and lists. */
const OF_ISSUED = /^\[(authority|issued)/;

/** The certificates after the first of its file, by their stems. */
function chainDifference({ bundle }: Entity, { chain }: CertificateFile, { certificates }: PkiDirectory): Difference[] {
  const stems = byStem(certificates);
  const names = chain.map(({ fingerprint256, subject }, i) => {
    const same = certificates.find(({ certificate }) => certificate.fingerprint256 === fingerprint256);
    // One that was renewed since has the same subject.
    const isWanted = stems.get(bundle[i] ?? '')?.certificate.subject === subject;
    return isWanted ? bundle[i] : (same?.stem ?? subject.split('\n').at(-1));
  });
  const [is, should] = [names.join(' '), bundle.join(' ')];
  return is === should ? [] : [{ key: 'bundle', is, should }];
}

/** Where its key is: '' in a file. One that is not there is kept elsewhere, and who compares need not be let to read it. */
function keyDifference({ stem, token }: Entity, directory: PkiDirectory): Difference[] {
  if (!directory.keys.has(stem) || refusalToRead(directory.path, keyFile(stem)) !== undefined) return [];
  const [is, should] = [tokenIn(directory, stem), token].map(key => (key ? tokenUri(key) : '')) as [string, string];
  return is === should ? [] : [{ key: '[key]', is, should }];
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
