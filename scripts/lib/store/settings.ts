// Everything that configuration folders say: the shipped one, then those of one's own, weakest first.
import { type ConfigProblem, printable, UsageError } from '../errors.ts';
import { type Configuration, type Overrides, readConfiguration } from '../model/configuration.ts';
import type { SourceFile } from '../model/sources.ts';
import { refuseText } from '../model/subject.ts';
import { readOwnFolder, readShippedFolder, refuseStrayTemplates } from './configuration-folder.ts';
import { readSuppliedFacts } from './supplied.ts';

export interface Settings {
  readonly configuration: Configuration;
  /** Every file that was read. */
  readonly sources: readonly SourceFile[];
  /** Templates of one's own, weakest first. */
  readonly templates: readonly SourceFile[];
}

/** Reads all folders. Throws a ConfigError with all mistakes of the ini files, a StateError where one cannot be read, a UsageError for a brand that is none. */
export function readSettings(folders: readonly string[], overrides: Overrides): Settings {
  const refusal = refuseText(overrides.brand ?? '');
  if (refusal) throw new UsageError(`--brand "${printable(overrides.brand!)}" has more than a text`, `give ${refusal}`);
  const problems: ConfigProblem[] = [];
  const own = folders.map(folder => readOwnFolder(folder, problems));
  const inis = [readShippedFolder(), ...own.map(folder => folder.inis)];
  const templates = own.flatMap(folder => folder.templates);
  const configuration = readConfiguration(inis, overrides, problems, readSuppliedFacts);
  refuseStrayTemplates(templates, configuration.hierarchy.keys());
  return { configuration, sources: [...inis.flat(), ...templates], templates };
}
