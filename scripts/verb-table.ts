// The verbs: what each does in a line, and its code, which is loaded only when it is called.
import type { VerbHelp } from './lib/help/completion.ts';
import type { VerbContext } from './verbs/verb.ts';

type Verb = (context: VerbContext) => Promise<number>;

interface VerbEntry {
  /** What it does, in the list of verbs; the doors of the shell scripts have none and are not listed. */
  readonly summary?: string;
  /** Loads the code, only when the verb is called. */
  readonly load: () => Promise<Verb>;
  /** What its first word may be, where each has options of its own. */
  readonly subverbs?: () => Promise<Readonly<Record<string, { readonly summary: string }>>>;
}

export const VERBS: Readonly<Record<string, VerbEntry>> = {
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
    subverbs: async () => (await import('./verbs/uefi.ts')).SUBVERBS,
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
  completion: {
    summary: 'what a shell completes; the manual page',
    load: async () => (await import('./verbs/completion.ts')).completionVerb,
  },
  'gen_dev_certs.sh': { load: () => door('gen_dev_certs.sh', true) },
  cml_gen_dev_certs: { load: () => door('cml_gen_dev_certs', false) },
};

/** Those that people call. */
export const listed = () => Object.entries(VERBS).filter(([, { summary }]) => summary);

/** The shell scripts pass the default directory on as the first word. */
async function door(name: string, hasDefault: boolean): Promise<Verb> {
  const { genDevCerts } = await import('./verbs/gen-dev-certs.ts');
  return context => {
    const [defaultDir, ...words] = context.words;
    return genDevCerts({ name, defaultDir: hasDefault ? defaultDir : undefined }, { ...context, words });
  };
}

/** The help texts of those, each followed by those of its sub-verbs. */
export async function readHelps(): Promise<VerbHelp[]> {
  const helps: VerbHelp[] = [];
  for (const [name, { summary, subverbs }] of listed()) {
    helps.push({ name, summary: summary!, text: await helpOf(name) });
    for (const [word, { summary }] of Object.entries((await subverbs?.()) ?? {}))
      helps.push({ name: `${name} ${word}`, summary, text: await helpOf(name, word) });
  }
  return helps;
}

async function helpOf(name: string, ...words: readonly string[]): Promise<string> {
  let text = '';
  const print = (line: string): number => {
    text = line;
    return 0;
  };
  const { stderr, env: environment } = process;
  const controller = new AbortController();
  const context = {
    ...{ words: [...words, '--help'], environment, stderr, controller, print, isTerminal: false },
    helps: async () => [],
  };
  await (await VERBS[name]!.load())(context);
  return text;
}
