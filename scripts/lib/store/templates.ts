// Loads the handlebars templates: the shipped ones, and those of one's own that stand in for them. The build
// precompiles the shipped ones; a template whose text the build has not seen (edited, or somebody's own) is compiled
// here, so that what is rendered is always what the file says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import type { SourceFile } from '../model/sources.ts';
import type { TokenRoad } from '../model/token.ts';
import type { Template } from '../model/types.ts';
import { packageRoot } from './package.ts';
import { precompiled } from './precompiled.ts';
import { refuseRendered } from './rendered-text.ts';

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
    const known = compiled.get(main.file) ?? compile(Handlebars, main, extensions, file => own.includes(file));
    compiled.set(main.file, known);
    return known;
  };
}

function compile(
  Handlebars: typeof import('handlebars'),
  main: SourceFile,
  extensions: SourceFile,
  isOwn: (file: SourceFile) => boolean,
): Template {
  const handlebars = Handlebars.create();
  const load = ({ text }: SourceFile) =>
    precompiled[text] === undefined
      ? handlebars.compile(text, COMPILE_OPTIONS)
      : handlebars.template(precompiled[text] as TemplateSpecification);
  handlebars.registerPartial('extensions', blamed(extensions, load(extensions)));
  const template = blamed(main, load(main));
  const own = [main, extensions].filter(isOwn).map(({ file }) => file);
  return own.length === 0 ? template : checked(own.join(', '), template);
}

/** What a template of one's own makes is as unknown as its text. */
function checked(file: string, template: Template): Template {
  return values => {
    const text = template(values);
    const authority = values.authority as { readonly section: string | null } | null;
    const problems = refuseRendered(file, String(values.stem), authority?.section ?? undefined, text);
    if (problems.length > 0) throw new ConfigError(problems);
    return text;
  };
}

/** Compiled when first called: mistakes of the text and unknown names both come up then. */
function blamed<Rest extends unknown[]>(
  { file }: SourceFile,
  template: (values: Readonly<Record<string, unknown>>, ...rest: Rest) => string,
): typeof template {
  return (values, ...rest) => {
    try {
      return template(values, ...rest);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError([explain(file, (error as Error).message, Object.keys(values))]);
    }
  };
}

/** Handlebars' message, `Parse error on line 3: …` or `"x" not defined in [object Object] - 2:23`, as a problem. */
function explain(file: string, message: string, names: readonly string[]): ConfigProblem {
  const line = Number(/^Parse error on line (\d+)/.exec(message)?.[1] ?? / - (\d+):\d+$/.exec(message)?.[1]);
  const at = { file, line: Number.isNaN(line) ? undefined : line };
  const unknown = /^"(.*)" not defined in /.exec(message)?.[1];
  if (unknown !== undefined)
    return { ...at, found: unknown, expected: 'the name of a value', nearest: nearest(unknown, names) };
  const helper = /unknown helper (\S+)/.exec(message)?.[1];
  if (helper !== undefined) return { ...at, found: helper, expected: 'a value, #if, #unless, #each or #with' };
  const reason = /, got '(.*)'$/.exec(message)?.[1] ?? message.split('\n').at(-1);
  return { ...at, found: reason === 'EOF' ? 'the end of the file' : reason, expected: 'handlebars syntax' };
}

/** openssl's settings for each road to a token. */
export const tokenSettings = (): Readonly<Record<TokenRoad, string>> => ({
  engine: readTemplate('pkcs11-engine.cnf'),
  provider: readTemplate('pkcs11-provider.cnf'),
});
