// An outcome as the text that a person or a caller's grep reads.
import type { Outcome, State } from './generate.ts';

/** The words in quotes are those that callers of gen_dev_certs.sh look for. */
const STATES: Readonly<Record<State, (directory: string) => string>> = {
  generated: directory => `PKI generated in ${directory}`,
  'platform-keys-added': directory => `UEFI platform keys added to ${directory}`,
  'already-generated': directory => `PKI in ${directory} already generated`,
  'exports-only': directory => `${directory} is a symbolic link to a PKI of its own: only deriving exports`,
};

/** The outcome in a few lines: where, trust anchors to compare, what to do next. */
export function formatOutcome(outcome: Outcome): string {
  return [
    STATES[outcome.state](outcome.directory),
    ...outcome.added.map(file => `  added ${file}`),
    ...(outcome.anchors.length > 0 ? ['', 'Trust anchors (SHA-256):'] : []),
    ...outcome.anchors.flatMap(({ file, subject, sha256 }) => [`  ${file}  ${subject}`, `    ${sha256}`]),
    ...nextSteps(outcome),
  ].join('\n');
}

function nextSteps({ state, leftOut, developmentPassphrases }: Outcome): string[] {
  if (state === 'already-generated' || state === 'exports-only') return [];
  const steps = [
    ...(state === 'generated'
      ? [
          'put ssig_rootca.cert and gen_rootca.cert into the device image; sign kernels with ssig_subca.key and ssig_subca.cert',
        ]
      : ['enrol DB.auth, KEK.auth, then PK.auth; with KeyTool DB.esl, KEK.esl, then PK.auth']),
    ...Object.entries(leftOut).map(
      ([file, uri]) => `${file} was left out, since its key is in a token: CONFIG_MODULE_SIG_KEY takes "${uri}"`,
    ),
    ...developmentPassphrases.map(
      name => `for development only: ${name} was not set, its published value encrypts the keys of the general PKI`,
    ),
  ];
  return ['', 'Next:', ...steps.map(step => `  - ${step}`)];
}
