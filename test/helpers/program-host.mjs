// Runs command lines of the built program one after another, in a process that is started once. It is plain JavaScript,
// so that nothing has to be compiled first. A message: {words, folder, env}; the answer: {status, stdout, stderr}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { Script } from 'node:vm';

const [main] = process.argv.slice(2);
const require = createRequire(main);

/** Each file of the program, compiled once. */
const scripts = new Map();
const compiled = file => {
  const text = readFileSync(file, 'utf8').replace(/^#!/, '//');
  return new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, { filename: file });
};
require.extensions['.cjs'] = (module, file) => {
  if (!scripts.has(file)) scripts.set(file, compiled(file));
  const load = scripts.get(file).runInThisContext();
  load.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
};

/** The program as a new process has it: what it remembers of a run ends with the run. Libraries remember nothing. */
function loadProgram() {
  for (const file of Object.keys(require.cache))
    if (!/\/(asn1|forge|handlebars)\.cjs$/.test(file)) delete require.cache[file];
  return require('./program.cjs');
}

process.umask(0o022);
// Each of the programs that are loaded closes its shells by itself.
process.setMaxListeners(0);

/** A stream that keeps what is written. */
function keeper() {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

process.on('message', async ({ words, folder, env }) => {
  process.chdir(folder);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  const [stdout, stderr] = [keeper(), keeper()];
  const surroundings = { environment: process.env, stdout: stdout.stream, stderr: stderr.stream };
  const status = await loadProgram().commandLine(words, { ...surroundings, controller: new AbortController() });
  process.send({ status, stdout: stdout.text(), stderr: stderr.text() });
});
