#!/usr/bin/env node
// `trustme-pki VERB`: the verb table, the only process.exit and the only catch.
import { Interrupted, isPkiError, UsageError } from './lib/errors.ts';
import type { VerbContext } from './verbs/verb.ts';

const HELP = `usage: trustme-pki VERB [options]

  generate    make the PKI, or add what is missing

"trustme-pki VERB --help" lists a verb's options; "trustme-pki --version" prints the version.
The drop-in scripts gen_dev_certs.sh [OUT_DIR [KEY_TYPE]] and cml_gen_dev_certs DIR [KEY_TYPE] do what "generate" does.`;

type Verb = (context: VerbContext) => Promise<number>;

/** Loads the code of a verb; each only when it is called. */
const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  generate: async () => (await import('./verbs/generate.ts')).generateVerb,
  'gen_dev_certs.sh': () => door('gen_dev_certs.sh', true),
  cml_gen_dev_certs: () => door('cml_gen_dev_certs', false),
};

/** The shell scripts pass the default directory on as the first word. */
async function door(name: string, hasDefault: boolean): Promise<Verb> {
  const { genDevCerts } = await import('./verbs/gen-dev-certs.ts');
  return context => {
    const [defaultDir, ...words] = context.words;
    return genDevCerts({ name, defaultDir: hasDefault ? defaultDir : undefined }, { ...context, words });
  };
}

async function unknownVerb(verb: string): Promise<never> {
  const { nearest } = await import('./lib/model/nearest.ts');
  const close = nearest(verb, ['generate']);
  throw new UsageError(
    `unknown verb "${verb}"`,
    close ? `did you mean "${close}"?` : '"trustme-pki --help" lists the verbs',
  );
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

async function main(words: readonly string[], controller: AbortController): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined)
    throw new UsageError('no verb was given', 'trustme-pki generate; "trustme-pki --help" lists the verbs');
  if (verb === '--help' || verb === '-h' || verb === 'help') return print(HELP);
  if (verb === '--version') return print((await import('./lib/store/package.ts')).packageVersion());
  const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!load) return unknownVerb(verb);
  return (await load())({ words: rest, environment: process.env, stderr: process.stderr, controller, print });
}

function explain(error: unknown): number {
  const fail = (message: string, hint?: string) =>
    process.stderr.write(`trustme-pki: error: ${message}\n${hint ? `trustme-pki: hint: ${hint}\n` : ''}`);
  if (isPkiError(error)) {
    fail(error.message, error.hint);
    return error.exitCode;
  }
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && typeof syscall === 'string') {
    fail(
      message,
      code === 'ENOSPC'
        ? 'the disk is full: make room and run again'
        : `look at ${path ?? 'the directory'} and run again; nothing was published`,
    );
    return 1;
  }
  fail(
    `this is a bug of trustme-pki: ${error instanceof Error ? error.stack : String(error)}`,
    'report it with the lines above',
  );
  return 1;
}

// Files get the modes of the contract whatever the caller's umask is; private keys are 0600 all the same.
process.umask(0o022);
const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => controller.abort(new Interrupted(signal)));
// A reader that closed our output early (head, grep -q) has all that it wanted.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', error => (error as NodeJS.ErrnoException).code !== 'EPIPE' && process.exit(1));
main(process.argv.slice(2), controller)
  .catch(explain)
  .then(code => {
    process.exitCode = code;
  });
