// Loads the handlebars templates: the shipped ones, and those of one's own that stand in for them. The build
// precompiles the shipped ones; a template whose text the build has not seen (edited, or somebody's own) is compiled
// here, so that what is rendered is always what the file says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { SourceFile } from '../model/sources.ts';
import type { Template } from '../model/types.ts';
import { packageRoot } from './package.ts';
import { precompiled } from './precompiled.ts';

/** strict: a missing value is an error; noEscape: this is no HTML. */
export const COMPILE_OPTIONS = { strict: true, noEscape: true, knownHelpersOnly: true } as const;
export const TEMPLATES = { main: 'openssl.cnf.hbs', extensions: 'extensions.hbs' } as const;

export const readTemplate = (name: string): string => readFileSync(join(packageRoot(), 'templates', name), 'utf8');

/** The template of an entity alone is called after it. */
export const templateOfEntity = (stem: string): string => `${stem}.cnf.hbs`;

/**
 * Templates of openssl configurations by stem. `own` are those of configuration folders, weakest first: one called as
 * a shipped one replaces it, `STEM.cnf.hbs` that of one entity.
 */
export async function loadTemplates(own: readonly SourceFile[]): Promise<(stem: string) => Template> {
  const shipped = (name: string): SourceFile => ({ name, file: `templates/${name}`, text: readTemplate(name) });
  const byName = new Map(
    [shipped(TEMPLATES.main), shipped(TEMPLATES.extensions), ...own].map(file => [file.name, file]),
  );
  const extensions = byName.get(TEMPLATES.extensions)!;
  const isShipped = [...byName.values()].every(({ text }) => precompiled[text] !== undefined);
  // The runtime has the compiler's types, less the compiler.
  const { default: Handlebars } = isShipped
    ? ((await import('handlebars/runtime.js')) as unknown as { default: typeof import('handlebars') })
    : await import('handlebars');
  const compiled = new Map<string, Template>();
  return stem => {
    const main = byName.get(templateOfEntity(stem)) ?? byName.get(TEMPLATES.main)!;
    const known = compiled.get(main.file) ?? compile(Handlebars, main, extensions);
    compiled.set(main.file, known);
    return known;
  };
}

function compile(Handlebars: typeof import('handlebars'), main: SourceFile, extensions: SourceFile): Template {
  const handlebars = Handlebars.create();
  const load = ({ text }: SourceFile) =>
    precompiled[text] === undefined
      ? handlebars.compile(text, COMPILE_OPTIONS)
      : handlebars.template(precompiled[text] as TemplateSpecification);
  handlebars.registerPartial('extensions', load(extensions));
  const template = load(main);
  return values => {
    try {
      return template(values);
    } catch (error) {
      // Compiled when first called: mistakes of the text and unknown names both come here.
      const [reason] = (error as Error).message.split('\n');
      throw new ConfigError([{ file: main.file, expected: `a template that renders "${values.stem}": ${reason}` }]);
    }
  };
}
