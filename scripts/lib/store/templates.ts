// Loads the handlebars templates. The build precompiles the shipped ones; a template whose text the build has not
// seen (edited, or somebody's own) is compiled here, so that what is rendered is always what the file says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from '../model/types.ts';
import { packageRoot } from './package.ts';
import { precompiled } from './precompiled.ts';

/** strict: a missing value is an error; noEscape: this is no HTML. */
export const COMPILE_OPTIONS = { strict: true, noEscape: true, knownHelpersOnly: true } as const;
export const TEMPLATES = { main: 'openssl.cnf.hbs', extensions: 'extensions.hbs' } as const;

export const readTemplate = (name: string): string => readFileSync(join(packageRoot(), 'templates', name), 'utf8');

/** The template of openssl configurations. */
export async function loadTemplate(): Promise<Template> {
  const [main, extensions] = [readTemplate(TEMPLATES.main), readTemplate(TEMPLATES.extensions)];
  if (precompiled[main] === undefined || precompiled[extensions] === undefined) return compile(main, extensions);
  // The runtime has the compiler's types, less the compiler.
  const { default: Runtime } = (await import('handlebars/runtime.js')) as unknown as {
    default: typeof import('handlebars');
  };
  const handlebars = Runtime.create();
  handlebars.registerPartial('extensions', handlebars.template(precompiled[extensions] as TemplateSpecification));
  return handlebars.template(precompiled[main] as TemplateSpecification);
}

/** The same, by the full compiler. */
export async function compile(main: string, extensions: string): Promise<Template> {
  const { default: Handlebars } = await import('handlebars');
  const handlebars = Handlebars.create();
  handlebars.registerPartial('extensions', handlebars.compile(extensions, COMPILE_OPTIONS));
  return handlebars.compile(main, COMPILE_OPTIONS);
}
