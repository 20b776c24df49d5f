// Is a directory that we made what the configuration says today? Asked where a configuration is given, or where the
// one that it was made from is still the same.
import type { X509Certificate } from 'node:crypto';
import type { Configuration } from '../model/configuration.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { Fact } from '../model/ini-text.ts';
import { shellWord } from '../model/shell-word.ts';
import type { Entity } from '../model/types.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { type Difference, differencesOf } from '../store/differences.ts';
import type { CertificateFile, PkiDirectory } from '../store/directory.ts';
import { describeSources, type Manifest } from '../store/manifest.ts';
import { certificateFile } from '../store/names.ts';
import { retiredCertificates } from '../store/retired.ts';
import type { Settings } from '../store/settings.ts';
import { certificateAt } from '../store/supplied.ts';
import { type Finding, info, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

export function checkConfiguration(inspection: Inspection): Finding[] {
  const { record, settings, options } = inspection;
  if (record.state !== 'read') return [];
  const isGiven = (options.configurationFolders ?? []).length > 0;
  if (!isGiven && !isSame(describeSources(settings.sources), record.manifest.sources)) return [];
  const { configuration } = settings;
  // What another tool made, and platform keys were added to, is not ours to be as configured.
  const isOurs = ({ stem }: Entity) => isGiven || Object.hasOwn(record.manifest.entities, stem);
  const entities = [...configuration.hierarchy.values()].filter(isOurs);
  return [
    ...(isGiven ? checkOptions(configuration) : []),
    ...entities.flatMap(entity => compare(entity, record.manifest, inspection)),
  ];
}

const isSame = (a: Manifest['sources'], b: Manifest['sources']): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([file, hash]) => b[file] === hash);

/** A brand, and a type that all keys have, may come from --brand and --key-type, or from what the folder said before. */
function checkOptions({ hierarchy, defaults }: Configuration): Finding[] {
  const isOther = (fact: Fact | undefined) =>
    fact?.line === 0 && fact.overrode !== undefined && fact.overrode.value !== fact.value;
  const keyTypes = [...hierarchy.values()].map(({ facts }) => facts.get('')?.get('key-type'));
  return [defaults.get('')?.get('brand'), keyTypes.find(isOther)].filter(isOther).map(fact => {
    const { file, value, overrode } = fact!;
    return info(
      'other-option',
      '.',
      `made with ${file.replace('--', '')} ${value}, ${overrode!.file} says "${overrode!.value}"`,
    );
  });
}

function compare(entity: Entity, { entities }: Manifest, { directory, settings, factsOf }: Inspection): Finding[] {
  const file = certificateFile(entity);
  const found = directory.certificates.find(each => each.file === file);
  if (!found) {
    const isExpected =
      !entity.variable && !Object.hasOwn(entities, entity.stem) && !directory.unreadable.includes(file);
    return isExpected ? [differs(file, `${entity.file} describes it, and it is not there`)] : [];
  }
  if (entity.supplied) return compareSupplied(entity.stem, entity.supplied.certificate, found);
  const facts = factsOf(found.certificate);
  const differences = differencesOfFile(entity, settings.configuration.hierarchy, found, facts, directory);
  return withoutAdded(differences, settings).map(({ key, is, should }) =>
    differs(file, `${key} is "${is || '(none)'}", ${entity.file} says "${should || '(none)'}"`),
  );
}

/** The certificate of a file that was made elsewhere, where the directory has another one; undefined: it has that, or there is none. */
export function replacedBy(file: string, { certificate }: CertificateFile): X509Certificate | undefined {
  const wanted = certificateAt(file);
  return wanted?.fingerprint256 === certificate.fingerprint256 ? undefined : wanted;
}

function compareSupplied(stem: string, given: string, found: CertificateFile): Finding[] {
  const wanted = replacedBy(given, found);
  if (!wanted) return [];
  const hint = wanted.publicKey.equals(found.certificate.publicKey)
    ? `take it: trustme-pki import ${stem} ${shellWord(given)} --cascade; or give the former one again`
    : 'it is for another key: generate a new directory with it, or give the former one again';
  const message = `"${given}" has another certificate (SHA-256 ${wanted.fingerprint256})`;
  return [warning('configuration-differs', found.file, message, hint)];
}

/** A template of one's own may add what no ini file says. */
export const withoutAdded = (
  differences: readonly Difference[],
  { templates }: Pick<Settings, 'templates'>,
): readonly Difference[] => (templates.length > 0 ? differences.filter(({ should }) => should !== '') : differences);

/** What a certificate in a directory says otherwise than its entity, but for a validity that ends with its issuer. */
export function differencesOfFile(
  entity: Entity,
  hierarchy: Hierarchy,
  found: CertificateFile,
  facts: CertificateFacts,
  directory: PkiDirectory,
): Difference[] {
  const isEnded = endsWithIssuer(found, entity.issuer, directory);
  return differencesOf(entity, hierarchy, facts).filter(
    ({ key, is, should }) => !(isEnded && isShorter(key, is, should)),
  );
}

/** What `renew` makes ends with its issuer; a new certificate of that may last longer. */
function endsWithIssuer({ certificate }: CertificateFile, issuer: string, { path, certificates }: PkiDirectory) {
  const present = certificates.find(({ stem, file }) => stem === issuer && file.endsWith('.cert'))?.certificate;
  const former = () => retiredCertificates(path, issuer).some(({ validTo }) => validTo === certificate.validTo);
  return certificate !== present && (certificate.validTo === present?.validTo || former());
}

const isShorter = (key: string, is: string, should: string): boolean =>
  key === 'days' ? Number(is) < Number(should) : key === 'notAfter' && is < should;

const differs = (file: string, message: string): Finding =>
  warning('configuration-differs', file, message, 'generate a new directory to have what the configuration says');
