// The verbs' help texts as completion scripts for bash, zsh and fish.

export interface VerbHelp {
  readonly name: string;
  readonly summary: string;
  /** What `--help` prints. */
  readonly text: string;
}

export interface Option {
  /** With its dashes. */
  readonly name: string;
  readonly description: string;
}

/** Lines as `  --name VALUE   description`, also where a short form stands before. */
export const readOptions = ({ text }: VerbHelp): Option[] => [
  ...[...text.matchAll(/^ {2}(?:-\w, +| {4})?(--[a-z][a-z0-9-]*)(?:[ ,][^\n]*?)?(?: {2,}(\S[^\n]*))?$/gm)].map(
    ([, name, description = '']) => ({ name: name!, description }),
  ),
  { name: '--help', description: 'what the verb does, and its options' },
];

/** The words that may come first after a verb, by its usage lines: `sign efi|config FILE...`. */
export function readWords({ name, text }: VerbHelp): string[] {
  const usages = [...text.matchAll(new RegExp(`trustme-pki ${name} ([a-z][a-z0-9|]*)(?= |$)`, 'gm'))];
  return [...new Set(usages.flatMap(([, words]) => words!.split('|')))].filter(word => word !== name);
}

/** Options whose value is a folder. */
const FOLDERS = ['--dir', '--conf', '--output-dir'];

export function formatBash(verbs: readonly VerbHelp[]): string {
  const cases = verbs.map(verb => {
    const options = readOptions(verb).map(({ name }) => name);
    return `    ${verb.name}) options='${options.join(' ')}' words='${readWords(verb).join(' ')}' ;;`;
  });
  return `# bash completion of trustme-pki
_trustme_pki() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} options='' words=''
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${verbs.map(({ name }) => name).join(' ')} --help --version' -- "$current")
    return
  fi
  case $before in
    ${FOLDERS.join(' | ')})
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    *)
      [ "$COMP_CWORD" = 2 ] || words=''
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; compgen -f -- "$current")
      ;;
  esac
}
complete -o filenames -F _trustme_pki trustme-pki`;
}

export function formatZsh(verbs: readonly VerbHelp[]): string {
  const pair = (name: string, description: string) => quoted(`${name}:${description.replaceAll(':', '\\:')}`);
  const cases = verbs.map(verb => {
    const options = readOptions(verb).map(({ name, description }) => pair(name, description));
    const words = readWords(verb).map(word => pair(word, verb.summary));
    return `  ${verb.name}) options=(${options.join(' ')}); choices=(${words.join(' ')}) ;;`;
  });
  return `#compdef trustme-pki
local -a verbs options choices
verbs=(${verbs.map(({ name, summary }) => pair(name, summary)).join(' ')})
if (( CURRENT == 2 )); then
  _describe verb verbs
  return
fi
case $words[2] in
${cases.join('\n')}
esac
if [[ $words[CURRENT] == -* ]]; then
  _describe option options
else
  (( CURRENT == 3 && $#choices )) && _describe word choices
  _files
fi`;
}

export function formatFish(verbs: readonly VerbHelp[]): string {
  const lines = verbs.flatMap(verb => {
    const within = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    return [
      `complete -c trustme-pki -f -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`,
      ...readWords(verb).map(word => `complete -c trustme-pki ${within} -a ${word}`),
      ...readOptions(verb).map(
        ({ name, description }) => `complete -c trustme-pki ${within} -l ${name.slice(2)} -d ${quoted(description)}`,
      ),
    ];
  });
  return `# fish completion of trustme-pki\n${lines.join('\n')}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
