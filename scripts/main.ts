#!/usr/bin/env node
// `trustme-pki VERB`: the verb table, the only process.exit and the only catch.
import { Interrupted, isPkiError, UsageError } from './lib/errors.ts';
import type { VerbContext } from './verbs/verb.ts';

type Verb = (context: VerbContext) => Promise<number>;

interface VerbEntry {
  /** What it does, in the list of verbs; the doors of the shell scripts have none and are not listed. */
  readonly summary?: string;
  /** Loads the code, only when the verb is called. */
  readonly load: () => Promise<Verb>;
}

const VERBS: Readonly<Record<string, VerbEntry>> = {
  generate: {
    summary: 'make the PKI, or add what is missing',
    load: async () => (await import('./verbs/generate.ts')).generateVerb,
  },
  plan: {
    summary: 'print the jobs and command lines, run nothing',
    load: async () => (await import('./verbs/plan.ts')).planVerb,
  },
  show: {
    summary: 'effective values and where each came from',
    load: async () => (await import('./verbs/show.ts')).showVerb,
  },
  graph: {
    summary: 'a picture of the configuration, or of a directory',
    load: async () => (await import('./verbs/graph.ts')).graphVerb,
  },
  verify: {
    summary: 'is the directory sound; reads only',
    load: async () => (await import('./verbs/verify.ts')).verifyVerb,
  },
  issue: {
    summary: 'key and certificate from a CA',
    load: async () => (await import('./verbs/issue.ts')).issueVerb,
  },
  'sign-csr': {
    summary: 'certificates for requests',
    load: async () => (await import('./verbs/sign-csr.ts')).signCsrVerb,
  },
  list: {
    summary: 'what a CA issued',
    load: async () => (await import('./verbs/list.ts')).listVerb,
  },
  revoke: {
    summary: 'take certificates out of use, or release them from hold',
    load: async () => (await import('./verbs/revoke.ts')).revokeVerb,
  },
  crl: {
    summary: 'write revocation lists',
    load: async () => (await import('./verbs/crl.ts')).crlVerb,
  },
  renew: {
    summary: 'new certificates for the same keys',
    load: async () => (await import('./verbs/renew.ts')).renewVerb,
  },
  rekey: {
    summary: 'new keys, and certificates for them',
    load: async () => (await import('./verbs/renew.ts')).rekeyVerb,
  },
  request: {
    summary: 'requests for certificates that are made on another machine',
    load: async () => (await import('./verbs/request.ts')).requestVerb,
  },
  import: {
    summary: 'take such a certificate in',
    load: async () => (await import('./verbs/import.ts')).importVerb,
  },
  ocsp: {
    summary: 'the status of a certificate; a responder on loopback',
    load: async () => (await import('./verbs/ocsp.ts')).ocspVerb,
  },
  sign: {
    summary: 'sign EFI binaries, configurations, kernel modules, files for IMA',
    load: async () => (await import('./verbs/sign.ts')).signVerb,
  },
  check: {
    summary: 'check signed artifacts as their readers do',
    load: async () => (await import('./verbs/check.ts')).checkVerb,
  },
  uefi: {
    summary: 'UEFI lists and updates: show, add, remove, rotate, kit',
    load: async () => (await import('./verbs/uefi.ts')).uefiVerb,
  },
  export: {
    summary: 'trust anchors for devices; keys and certificates for keystores',
    load: async () => (await import('./verbs/export.ts')).exportVerb,
  },
  doctor: {
    summary: 'tools, versions and token roads of this machine',
    load: async () => (await import('./verbs/doctor.ts')).doctorVerb,
  },
  'init-conf': {
    summary: 'a commented configuration folder to start from',
    load: async () => (await import('./verbs/init-conf.ts')).initConfVerb,
  },
  'gen_dev_certs.sh': { load: () => door('gen_dev_certs.sh', true) },
  cml_gen_dev_certs: { load: () => door('cml_gen_dev_certs', false) },
};

const listed = () => Object.entries(VERBS).filter(([, { summary }]) => summary);

const help = (): string => `usage: trustme-pki VERB [options]

${listed()
  .map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

"trustme-pki VERB --help" lists a verb's options; "trustme-pki --version" prints the version.
The drop-in scripts gen_dev_certs.sh [OUT_DIR [KEY_TYPE]] and cml_gen_dev_certs DIR [KEY_TYPE] do what "generate" does.`;

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
  const close = nearest(
    verb,
    listed().map(([name]) => name),
  );
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
  if (verb === '--help' || verb === '-h' || verb === 'help') return print(help());
  if (verb === '--version') return print((await import('./lib/store/package.ts')).packageVersion());
  const entry = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!entry) return unknownVerb(verb);
  return (await entry.load())({ words: rest, environment: process.env, stderr: process.stderr, controller, print });
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
