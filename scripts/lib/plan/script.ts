// A plan as a POSIX shell script that does the same: for reading, for pasting, and for running by hand. Secrets are
// names of variables.
import { printable } from '../errors.ts';
import { MODULE_VARIABLE, type TokenRoad, tokenKeyHead } from '../model/token.ts';
import { isScratch, SCRATCH } from '../store/names.ts';
import { type Command, type Concatenate, isText, type Job, type Step, type UseToken } from './job.ts';
import { generateInToken, listKeys, readPublicKey } from './pkcs11.ts';
import type { Plan } from './plan.ts';
import { isByProvider, privateKey } from './private-key.ts';
import { commandLine, quote } from './shell.ts';

/** The text of openssl's configuration for each road to a token. */
export type TokenSettings = Readonly<Record<TokenRoad, string>>;

/** The variables with secrets that the jobs read. */
export const secretsOf = (jobs: readonly Job[]): string[] =>
  [...new Set(jobs.flatMap(({ step }) => secretsOfStep(step)))].sort();

function secretsOfStep(step: Step): readonly string[] {
  if (step.kind === 'token') return [step.key.pinVariable];
  return step.kind === 'command' ? step.secrets : [];
}

/** One step as shell commands; `out` is the file that it makes. */
export function shellOf(step: Step, out: string): string {
  switch (step.kind) {
    case 'command':
      return `${settingsOf(step)}${commandLine(step)}`;
    case 'token':
      return tokenKey(step, out);
    case 'write':
      return write(step.text, out);
    case 'copy':
      return step.first
        ? `openssl x509 -in ${quote(step.source)} -out ${quote(out)}`
        : `install -m ${octal(step.mode)} ${quote(step.source)} ${quote(out)}`;
    case 'der':
      return `openssl x509 -in ${quote(step.certificate)} -outform DER -out ${quote(out)}`;
    case 'index':
      return step.certificates.length === 0
        ? `: >${quote(out)}`
        : `for certificate in ${step.certificates.map(quote).join(' ')}; do index_row "$certificate"; done >${quote(out)}`;
    case 'concatenate':
      return concatenate(step, out);
  }
}

/** efitools find the engine, and openssl the provider, by the settings of the script's head. */
function settingsOf(command: Command): string {
  const { tool, token } = command;
  if (!token) return '';
  if (tool !== 'openssl') return 'OPENSSL_CONF="$settings" ';
  if (!isByProvider(command)) return '';
  return `OPENSSL_CONF="$provider" ${token.module === undefined ? '' : `${MODULE_VARIABLE}=${quote(token.module)} `}`;
}

/** What a key in a token leaves in the directory; where it may be made and is not there, it is made before. */
function tokenKey({ key, keyType, label, mayGenerate, road }: UseToken, out: string): string {
  const { argument } = privateKey(out, key, undefined, road);
  const generate = commandLine(generateInToken(key, keyType, label, NEW_ID, undefined)).replace(
    NEW_ID,
    '"$(openssl rand -hex 8)"',
  );
  const read = readPublicKey(argument, key);
  const publicKey = `${settingsOf(read)}${commandLine(read)}`;
  const [name, value] = key.object === undefined ? ['ID', key.id!.toLowerCase()] : ['label', key.object];
  const listing = `${commandLine(listKeys(key, undefined))} | sed -n 's/^ *${name}: *//p'`;
  const made = mayGenerate ? `${listing} | grep -qxF ${quote(value)} ||\n  ${generate}\n` : '';
  return `${made}(umask 077; { printf '%s' ${quote(tokenKeyHead(key))}; ${publicKey}; } >${quote(out)})`;
}

const NEW_ID = '@NEW-ID@';

const octal = (mode: number): string => mode.toString(8);

/** A here-document is taken as it is where its end is quoted; its end must be no line of the text. */
function write(text: string, out: string): string {
  if (text === '') return `: >${quote(out)}`;
  const lines = text.replace(/\n$/, '').split('\n');
  let end = 'END';
  while (lines.includes(end)) end += '_';
  return `cat >${quote(out)} <<'${end}'\n${lines.join('\n')}\n${end}`;
}

function concatenate(step: Concatenate, out: string): string {
  const { parts, mode } = step;
  // awk ends the last line where a file does not.
  const whole = isText(step) ? 'awk 1' : 'cat';
  const commands = parts.map(({ file, first }) => `${first ? 'openssl x509 -in' : whole} ${quote(file)}`);
  const all = commands.length < 2 ? (commands[0] ?? ':') : `{ ${commands.join('; ')}; }`;
  return mode === 0o600 ? `(umask 077; ${all} >${quote(out)})` : `${all} >${quote(out)}`;
}

/** What a row of index.txt is made of: openssl-ca(1). */
const INDEX_ROW = `index_row() {
  end=$(date -u -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%Y%m%d%H%M%SZ)
  case $end in 19* | 20[0-4]*) end=\${end#??} ;; esac
  serial=$(openssl x509 -in "$1" -noout -serial | cut -d= -f2)
  subject=$(openssl x509 -in "$1" -noout -subject -nameopt compat)
  printf 'V\\t%s\\t\\t%s\\tunknown\\t%s\\n' "$end" "$serial" "\${subject#subject=}"
}
`;

/** A job as lines that can be pasted one by one. */
export const jobShell = ({ step, id }: Job): string =>
  step.kind === 'command' ? commandLine(step) : shellOf(step, id);

/** The tokens that the jobs use: their module, and the settings of those who need some. */
function tokenHead(jobs: readonly Job[], { engine, provider }: TokenSettings): string {
  const steps = jobs.flatMap(({ step }) => (step.kind === 'token' ? [step] : []));
  if (steps.length === 0) return '';
  const isAsked = steps.some(({ key }) => key.module === undefined);
  const file = (name: string, text: string) => write(text, `$${name}`).replace(`cat >'$${name}'`, `cat >"$${name}"`);
  return [
    ...(isAsked ? [`: "\${${MODULE_VARIABLE}:?is the path of the PKCS #11 module: set and export it}"`] : []),
    ...(isAsked ? [`export ${MODULE_VARIABLE} PKCS11_MODULE_PATH="$${MODULE_VARIABLE}"`] : []),
    'settings=$(mktemp) provider=$(mktemp)',
    'trap \'rm -f "$settings" "$provider"\' EXIT',
    file('settings', engine),
    ...(steps.some(({ road }) => road === 'provider') ? [file('provider', provider)] : []),
    '',
  ].join('\n');
}

/** The whole plan. `title` says what it is of; `notes` are told as comments; `settings` are for keys in tokens. */
export function scriptOf(
  { jobs, folders }: Plan,
  title: string,
  notes: readonly string[],
  settings: TokenSettings,
): string {
  const secrets = secretsOf(jobs);
  const comment = (text: string) => `# ${printable(text)}`;
  const all = jobs.length;
  return `#!/bin/sh
${comment(title)}
# ${all} jobs, ${jobs.filter(({ makesKey }) => makesKey).length} keys. Nothing was run. By hand, in an empty folder of mode 0700:
#   trustme-pki plan >plan.sh && mkdir -m 700 pki && cd pki && sh ../plan.sh
# "generate" runs independent jobs side by side, verifies the result, adds .pki/manifest.json and publishes at once.
${notes.map(note => `${comment(`note: ${note}`)}\n`).join('')}set -eu
umask 022
export OPENSSL_CONF=/dev/null LC_ALL=C TZ=UTC
${secrets.map(name => `: "\${${name}:?is a passphrase or PIN: set and export it}"\n`).join('')}${tokenHead(jobs, settings)}mkdir -p ${folders.map(quote).join(' ')}
${jobs.some(({ step }) => step.kind === 'index') ? INDEX_ROW : ''}${jobs.map((job, i) => `\n${jobText(job, i + 1, all)}`).join('')}${folders.some(isScratch) ? `\nrm -r ${SCRATCH}\n` : ''}`;
}

function jobText({ id, needs, makes, step }: Job, number: number, all: number): string {
  const made = makes.length > 1 ? [`# makes: ${makes.join(' ')}\n`] : [];
  const needed = needs.length > 0 ? [`# needs: ${needs.join(' ')}\n`] : [];
  return `# ${number}/${all} ${id}\n${made}${needed}${shellOf(step, id)}\n`;
}
