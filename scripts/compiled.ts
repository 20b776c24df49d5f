// What V8 makes of a built file, kept beside it: a start takes a tenth less than from the text. It fits the V8 that made
// it, which itself refuses all other; so it is made where the program is built, and is no part of the npm package.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

export const compiledName = (file: string): string => `${file}.v8`;

/** The text of a CommonJS module as the function that node makes of it. */
export const wrapped = (text: string): string =>
  `(function (exports, require, module, __filename, __dirname) { ${text.replace(/^#!/, '//')}\n})`;

/** None where there is none, or where it is older than the text, of which V8 looks at the length alone. */
function compiledOf(file: string): Buffer | undefined {
  const name = compiledName(file);
  const { mtimeMs } = statSync(name, { throwIfNoEntry: false }) ?? {};
  return mtimeMs !== undefined && mtimeMs >= statSync(file).mtimeMs ? readFileSync(name) : undefined;
}

/** Lets this process load the files of `folder` that way. */
export function loadCompiled(folder: string): void {
  const { extensions } = createRequire(`${folder}/`);
  const plain = extensions['.js']!;
  extensions['.cjs'] = (module, file) => {
    const cachedData = dirname(file) === folder ? compiledOf(file) : undefined;
    if (!cachedData) return plain(module, file);
    const script = new Script(wrapped(readFileSync(file, 'utf8')), { filename: file, cachedData });
    script.runInThisContext().call(module.exports, module.exports, createRequire(file), module, file, folder);
  };
}
