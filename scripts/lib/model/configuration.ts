// All ini texts of a run into one Configuration: layers merged, entities parsed and linked. Every mistake of the
// texts is reported in one ConfigError, before anything is run.
import { ConfigError, type ConfigProblem } from '../errors.ts';
import {
  ENTITY_SECTIONS,
  type EntitySource,
  INHERITED_KEYS,
  type Inheritance,
  parseEntity,
  SUBJECT_KEYS,
} from './entity.ts';
import { EXTENSION_KEYS } from './extensions.ts';
import { type Hierarchy, linkHierarchy } from './hierarchy.ts';
import { type Fact, type Facts, parseIni } from './ini-text.ts';
import { withIssuersNamed } from './issuer-names.ts';
import { formatKeyType } from './key-type.ts';
import { effective, mergeFacts } from './layers.ts';
import { nearest } from './nearest.ts';
import { checkUrls } from './profile.ts';
import { checkPlatform, checkRelations } from './relations.ts';
import { checkSigners } from './signers.ts';
import { collectSources, type SourceFile } from './sources.ts';
import { refuseText, tightestFor } from './subject.ts';
import { type ReadSupplied, withSupplied } from './supplied.ts';
import type { Entity, KeyType, Supplied } from './types.ts';
import { type KnownKeys, placeOf, problemAt, refuseUnknown } from './values.ts';

/** What the command line and the clock say, stronger than every file. */
export interface Overrides {
  readonly brand?: string | undefined;
  readonly keyType?: KeyType | undefined;
  /** Files of certificates that have come since, by stem. */
  readonly supplied?: ReadonlyMap<string, Supplied> | undefined;
  /** When certificates without a fixed notBefore begin. */
  readonly now: Date;
  /** What is made at that time: its end has to lie ahead, and within that of its issuer. Left out: nothing. */
  readonly isMade?: ((entity: Entity) => boolean) | undefined;
}

export interface Configuration {
  readonly brand: string;
  /** Effective facts of defaults.ini. */
  readonly defaults: Facts;
  readonly hierarchy: Hierarchy;
  /** What is no mistake but worth a word, such as a validity that was clipped. */
  readonly notes: readonly string[];
}

const DEFAULTS = 'defaults.ini';
const DEFAULTS_SECTIONS: Readonly<Record<string, KnownKeys>> = {
  '': { names: ['brand', ...INHERITED_KEYS] },
  subject: SUBJECT_KEYS,
  'urls *': { names: EXTENSION_KEYS.filter(key => /^(caIssuers|OCSP|crlDistributionPoints)$/.test(key)) },
};

/**
 * Reads the folders' files, weakest folder first. Layers, weakest first: defaults.ini of each folder, entity files
 * of each folder, overrides. Throws a ConfigError with all mistakes, those of the folders themselves (`found`) among them.
 * Of what was made elsewhere, key and validity are those that `readSupplied` finds.
 */
export function readConfiguration(
  folders: readonly (readonly SourceFile[])[],
  overrides: Overrides,
  found: readonly ConfigProblem[] = [],
  readSupplied: ReadSupplied = () => undefined,
): Configuration {
  const problems: ConfigProblem[] = [...found];
  const notes: string[] = [];
  const isDefaults = ({ name }: SourceFile) => name === DEFAULTS;
  const layers = folders.map(files =>
    mergeFacts(files.filter(isDefaults).map(({ file, text }) => parseIni(text, file, problems))),
  );
  const defaults = mergeFacts(layers);
  refuseUnknown(DEFAULTS_SECTIONS, defaults, DEFAULTS, problems);
  for (const [section, facts] of defaults) if (section.startsWith('urls ')) checkUrls(section, facts, problems);
  const inherited = inheritance(defaults, overrides, problems);
  const { sources, removed, parked } = collectSources(
    folders.map(files => files.filter(file => !isDefaults(file))),
    problems,
  );
  for (const { facts, file } of parked) refuseUnknown(ENTITY_SECTIONS, facts, file, problems);
  // What is shipped may be left without a reader by "remove = yes".
  refuseUnusedUrls(defaults, new Set(layers[0]?.keys()), [...sources, ...parked], problems);
  const fitting = { ...inherited, brand: fittingBrand(defaults, sources, inherited.brand, overrides, problems) };
  const entities = sources.map(source => {
    const entity = parseEntity(source satisfies EntitySource, fitting, problems);
    return { ...entity, supplied: overrides.supplied?.get(source.stem) ?? entity.supplied };
  });
  const linked = linkHierarchy(withIssuersNamed(withSupplied(entities, readSupplied)), problems, removed);
  const hierarchy = checkRelations(linked, overrides, problems, notes);
  checkPlatform(hierarchy, problems);
  checkSigners(hierarchy, new Map(sources.map(({ stem, facts }) => [stem, facts])), problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { brand: inherited.brand, defaults: withBrand(defaults, overrides.brand), hierarchy, notes };
}

/** A section [urls NAME] whose name no entity says: a typing mistake would put other URLs into certificates. */
function refuseUnusedUrls(
  defaults: Facts,
  shipped: ReadonlySet<string>,
  sources: readonly EntitySource[],
  problems: ConfigProblem[],
): void {
  const used = new Set(sources.map(({ facts }) => facts.get('')?.get('urls')?.value).filter(Boolean) as string[]);
  for (const [section, facts] of defaults) {
    const name = /^urls (.*)$/.exec(section)?.[1];
    if (name === undefined || used.has(name) || shipped.has(section)) continue;
    const expected = 'a NAME that the "urls" of an entity says';
    problems.push({ ...placeOf(facts, DEFAULTS), section, found: name, expected, nearest: nearest(name, used) });
  }
}

/** A value of the command line, in the form of a fact; no file has a line 0. */
const flag = (name: string, value: string | undefined): Fact | undefined =>
  value === undefined ? undefined : { value, file: name, line: 0 };

/** The brand; where it is too long for names, one mistake of its own, and none of each name. */
function fittingBrand(
  defaults: Facts,
  sources: readonly EntitySource[],
  brand: string,
  overrides: Overrides,
  problems: ConfigProblem[],
): string {
  const subjects = [defaults, ...sources.map(({ facts }) => facts)].map(facts => effective(facts.get('subject')));
  const tightest = tightestFor(brand, subjects);
  const own = flag('--brand', overrides.brand) ?? defaults.get('')?.get('brand');
  if (!tightest || !own) return brand;
  const { file, line } = tightest.fact;
  problems.push(
    problemAt(own, '', 'brand', `at most ${tightest.room} characters: ${file}:${line} has room for no more`),
  );
  return '';
}

/** The facts of defaults.ini with what --brand overrides. */
function withBrand(defaults: Facts, brand: string | undefined): Facts {
  const fact = flag('--brand', brand);
  const top = defaults.get('') ?? new Map();
  return fact
    ? new Map([...defaults, ['', new Map([...top, ['brand', { ...fact, overrode: top.get('brand') }]])]])
    : defaults;
}

function inheritance(defaults: Facts, { brand, keyType }: Overrides, problems: ConfigProblem[]): Inheritance {
  const top = effective(defaults.get(''));
  const own = flag('--brand', brand) ?? top.get('brand');
  const refusal = own && refuseText(own.value);
  if (refusal) problems.push(problemAt(own, '', 'brand', refusal));
  top.delete('brand');
  const urls = [...defaults].filter(([section]) => section.startsWith('urls '));
  return {
    top,
    brand: refusal ? '' : (own?.value ?? ''),
    subject: defaults.get('subject') ?? new Map(),
    urls: new Map(urls.map(([section, facts]) => [section.slice('urls '.length), facts])),
    keyType: flag('--key-type', keyType && formatKeyType(keyType)),
  };
}
