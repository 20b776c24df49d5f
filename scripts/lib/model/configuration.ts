// All ini texts of a run into one Configuration: layers merged, entities parsed and linked. Every mistake of the
// texts is reported in one ConfigError, before anything is run.
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { type EntitySource, type Inheritance, parseEntity } from './entity.ts';
import { EXTENSION_KEYS } from './extensions.ts';
import { type Hierarchy, linkHierarchy } from './hierarchy.ts';
import { type Facts, parseIni } from './ini-text.ts';
import { effective, mergeFacts } from './layers.ts';
import { checkUrls } from './profile.ts';
import { SUBJECT_ATTRIBUTES } from './subject.ts';
import type { KeyType } from './types.ts';
import { refuseUnknown } from './values.ts';

/** One ini file: `name` is its path inside its configuration folder, `file` how messages name it. */
export interface SourceFile {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** What the command line says, stronger than every file. */
export interface Overrides {
  readonly brand?: string | undefined;
  readonly keyType?: KeyType | undefined;
}

export interface Configuration {
  readonly brand: string;
  readonly hierarchy: Hierarchy;
}

const DEFAULTS = 'defaults.ini';
const DEFAULTS_SECTIONS: Readonly<Record<string, readonly string[]>> = {
  '': ['brand', 'digest', 'key-type', 'crl-days'],
  subject: SUBJECT_ATTRIBUTES,
  'urls *': EXTENSION_KEYS.filter(key => /^(caIssuers|OCSP|crlDistributionPoints)$/.test(key)),
};

/**
 * Reads the folders' files, weakest folder first. Layers, weakest first: defaults.ini of each folder, entity files
 * of each folder, overrides. Throws a ConfigError with all mistakes.
 */
export function readConfiguration(
  folders: readonly (readonly SourceFile[])[],
  overrides: Overrides = {},
): Configuration {
  const problems: ConfigProblem[] = [];
  const sources = new Map<string, { group: string; file: string; layers: Facts[] }>();
  const defaultsLayers: Facts[] = [];
  for (const { name, file, text } of folders.flat()) {
    const facts = parseIni(text, file, problems);
    if (name === DEFAULTS) defaultsLayers.push(facts);
    else addLayer(sources, name, file, facts, problems);
  }
  const defaults = mergeFacts(defaultsLayers);
  refuseUnknown(DEFAULTS_SECTIONS, defaults, DEFAULTS, problems);
  for (const [section, facts] of defaults) if (section.startsWith('urls ')) checkUrls(section, facts, problems);
  const inherited = inheritance(defaults, overrides);
  const entities = [...sources].map(([stem, { group, file, layers }]) =>
    parseEntity({ stem, group, file, facts: mergeFacts(layers) } satisfies EntitySource, inherited, problems),
  );
  const hierarchy = linkHierarchy(entities, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { brand: inherited.brand, hierarchy };
}

function addLayer(
  sources: Map<string, { group: string; file: string; layers: Facts[] }>,
  name: string,
  file: string,
  facts: Facts,
  problems: ConfigProblem[],
): void {
  const parts = name.replace(/\.ini$/, '').split('/');
  const stem = parts.at(-1)!;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(stem))
    problems.push({ file, found: stem, expected: 'a file name of letters, digits, "_", "-" and "."' });
  const known = sources.get(stem);
  if (known) known.layers.push(facts);
  else sources.set(stem, { group: parts.length > 1 ? parts[0]! : '', file, layers: [facts] });
}

function inheritance(defaults: Facts, overrides: Overrides): Inheritance {
  const top = effective(defaults.get(''));
  const brand = overrides.brand ?? top.get('brand')?.value ?? '';
  top.delete('brand');
  const urls = [...defaults].filter(([section]) => section.startsWith('urls '));
  return {
    top,
    brand,
    subject: defaults.get('subject') ?? new Map(),
    urls: new Map(urls.map(([section, facts]) => [section.slice('urls '.length), facts])),
    keyType: overrides.keyType,
  };
}
