// What a renewal without configuration folders would forget of those that the directory was made with.
import { differencesOfFile } from '../check/configuration.ts';
import { variablesAsMade } from '../check/record.ts';
import { printable, StateError } from '../errors.ts';
import { variablesOf } from '../plan/renewal.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { readContained } from '../store/contained-file.ts';
import type { Difference } from '../store/differences.ts';
import { byStem } from '../store/directory.ts';
import { type Manifest, ownSources, readManifest } from '../store/manifest.ts';
import { configurationFile } from '../store/names.ts';
import { textDifferences } from '../store/text-differences.ts';
import type { Renewal } from './renew.ts';

/** What is decided before anything is locked or made. */
type Wanted = Pick<Renewal, 'directory' | 'selection' | 'inputs' | 'plan' | 'settings'>;

/**
 * Throws a StateError where an entity would become another one because no configuration folder is given. What an older
 * shipped configuration said is no configuration of one's own.
 */
export function refuseForgotten(renewal: Wanted): void {
  const manifest = readManifest(renewal.directory.path);
  const [own] = Object.keys(ownSources(manifest?.sources));
  if (!manifest || own === undefined) return;
  const ours = [...renewal.selection.entities].filter(stem => Object.hasOwn(manifest.entities, stem));
  const lines = [
    ...ours.flatMap(stem =>
      [...renderedDifferences(stem, renewal), ...certificateDifferences(stem, renewal, manifest)].map(
        each => [stem, each] as const,
      ),
    ),
    ...listDifferences(renewal, manifest),
  ].map(([stem, { key, is, should }]) => `\n  ${stem}: ${key} is ${quoted(is)}, and would be ${quoted(should)}`);
  if (lines.length > 0)
    throw new StateError(
      `the directory was made with a configuration of its own ("${printable(own)}"), which is not given:${lines.join('')}`,
      'give the configuration that the directory was made with: --conf FOLDER',
    );
}

const quoted = (value: string): string => (value === '' ? 'not there' : `"${printable(value)}"`);

/** Lines of its rendered configuration: subject, extensions, digest, and what a CA gives to requests. */
function renderedDifferences(stem: string, { directory: { path }, plan: { jobs } }: Wanted): Difference[] {
  const step = jobs.find(({ id }) => id === configurationFile(stem))?.step;
  return step?.kind === 'write' ? textDifferences(path, stem, step.text) : [];
}

/** What no rendered configuration says. */
const ELSEWHERE = ['days', 'notBefore', 'notAfter', 'signature'];

/** Its times, its issuer, and the file that it lies in. */
function certificateDifferences(
  stem: string,
  { directory, inputs, settings }: Wanted,
  { entities }: Manifest,
): Difference[] {
  const entity = inputs.hierarchy.get(stem)!;
  const there = byStem(directory.certificates).get(stem);
  if (!there || entity.supplied) return [];
  // Before it ends with its issuer.
  const asked = { ...entity, certificate: settings.configuration.hierarchy.get(stem)!.certificate };
  const facts = describeCertificate(there.certificate.raw);
  const differences = differencesOfFile(asked, inputs.hierarchy, there, facts, directory);
  const hasText = readContained(directory.path, there.file).toString('latin1').startsWith('Certificate:');
  const others = [
    { key: 'issuer', is: entities[stem]!.issuer, should: entity.issuer },
    // Which they are follows from the issuers.
    { key: 'length of the bundle', is: String(there.chain.length), should: String(entity.bundle.length) },
    { key: 'text', is: hasText ? 'yes' : '', should: entity.hasText ? 'yes' : '' },
    {
      key: 'serial-octets',
      is: String(there.certificate.serialNumber.length / 2),
      should: String(entity.serialOctets),
    },
  ].filter(({ is, should }) => is !== should);
  return [...differences.filter(({ key }) => ELSEWHERE.includes(key)), ...others];
}

/** Of UEFI variables that are made again. */
function listDifferences({ inputs }: Wanted, manifest: Manifest): [string, Difference][] {
  const made = variablesAsMade(inputs.hierarchy, manifest);
  return variablesOf(inputs).flatMap(({ stem, variable }) => {
    const then = made.find(each => each.variable.name === variable.name);
    if (!then) return [];
    return [
      { key: 'stem', is: then.stem, should: stem },
      { key: 'contains', is: then.variable.contains.join(' '), should: variable.contains.join(' ') },
      { key: 'authoriser', is: then.variable.authoriser, should: variable.authoriser },
    ].flatMap(each => (each.is === each.should ? [] : [[stem, each] as [string, Difference]]));
  });
}
