// `trustme-pki show [ENTITY]`: effective values and where each came from; the rendered openssl configuration.
import { UsageError } from '../lib/errors.ts';
import { passphraseVariable } from '../lib/generate/prepare.ts';
import { effectiveValues, formatOverview, formatValues } from '../lib/model/effective-values.ts';
import { nearest } from '../lib/model/nearest.ts';
import type { Entity } from '../lib/model/types.ts';
import { keyOf } from '../lib/plan/issuing.ts';
import { renderConfiguration } from '../lib/plan/render.ts';
import { packageVersion } from '../lib/store/package.ts';
import { readSettings } from '../lib/store/settings.ts';
import { loadTemplates } from '../lib/store/templates.ts';
import { findTokenRoad } from '../lib/store/token-road.ts';
import { parseWords } from '../options.ts';
import { GENERATE_OPTIONS, readGenerateOptions } from './generate.ts';
import type { VerbContext } from './verb.ts';

const { conf, brand, json, quiet, help, version, ...OTHERS } = GENERATE_OPTIONS;
const OPTIONS = {
  ...{ conf, brand, json, quiet, help, version },
  ...{ 'key-type': OTHERS['key-type'], 'force-weak': OTHERS['force-weak'] },
  cnf: { type: 'boolean' },
} as const;

const HELP = `usage: trustme-pki show [ENTITY] [options]

Prints the effective values of an entity, each with the file and line that it came from and what it overrode; without
ENTITY a line for each entity and the values of defaults.ini.

  --cnf              the openssl configuration that is rendered for ENTITY
  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --key-type T, --brand B, --force-weak
                     as for "generate"
  --json             the same as JSON
  --quiet            changes nothing: the values are the result

example: trustme-pki show device_subca --conf our-conf`;

export async function showVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki show', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [stem, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`unexpected "${extra}"`, 'give one ENTITY');
  const { keyType, configurationFolders, ...options } = readGenerateOptions(given, context.environment);
  const settings = readSettings(configurationFolders, { brand: options.brand, keyType, now: new Date() });
  const { hierarchy, brand, defaults } = settings.configuration;
  const valuesOf = (entity: Entity) => effectiveValues(entity.facts, brand);
  if (stem === undefined) {
    if (given.cnf) throw new UsageError('--cnf needs an ENTITY', `one of ${[...hierarchy.keys()].join(', ')}`);
    const entities = [...hierarchy.values()];
    if (given.json)
      return context.print(
        JSON.stringify({
          schema: 1,
          defaults: effectiveValues(defaults, brand),
          entities: Object.fromEntries(entities.map(each => [each.stem, valuesOf(each)])),
        }),
      );
    return context.print(formatOverview(hierarchy.values(), effectiveValues(defaults, brand)));
  }
  const entity = hierarchy.get(stem) ?? unknownEntity(stem, hierarchy.keys());
  if (given.cnf) {
    const template = (await loadTemplates(settings.templates))(stem);
    const { environment } = context;
    const tokenRoad = entity.token ? findTokenRoad(environment) : 'engine';
    const key = keyOf(entity, { passphraseOf: each => passphraseVariable(each, environment), tokenRoad });
    const configuration = renderConfiguration(template, entity, key, packageVersion());
    return context.print(
      given.json ? JSON.stringify({ schema: 1, entity: stem, configuration }) : configuration.trimEnd(),
    );
  }
  if (given.json) return context.print(JSON.stringify({ schema: 1, entity: stem, values: valuesOf(entity) }));
  return context.print(`${stem}  (${entity.file})\n\n${formatValues(valuesOf(entity))}`);
}

function unknownEntity(stem: string, stems: Iterable<string>): never {
  const close = nearest(stem, stems);
  throw new UsageError(
    `unknown entity "${stem}"`,
    close ? `did you mean "${close}"?` : '"trustme-pki show" lists the entities',
  );
}
