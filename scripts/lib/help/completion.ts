// The verbs' help texts as completion scripts for bash, zsh and fish.

export interface VerbHelp {
  /** A verb, or a verb and its sub-verb: `uefi add`. */
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

/** What an option's line begins with: `-k, --key KEY`, `DIR, --dir DIR`, `--key-type T, --brand B`. */
const ITEM = String.raw`(?:-\w|[A-Z]+|--[a-z][a-z0-9-]*(?: [^\s,-][^\s,]*)?)`;
/** And what it says of it, in the next line where the names take all the room. */
const LINE = new RegExp(String.raw`^ {2,6}(${ITEM}(?:, +${ITEM})*)(?: {2,}(\S.*)|\n {8,}(\S.*))?$`, 'gm');

/** By their lines; of two lines for one option the first. */
export function readOptions({ text }: VerbHelp): Option[] {
  const options = new Map<string, string>();
  for (const [, names, beside, below] of text.matchAll(LINE))
    for (const [name] of names!.matchAll(/--[a-z0-9-]+/g))
      if (!options.has(name)) options.set(name, beside ?? below ?? '');
  options.set('--help', 'what the verb does, and its options');
  options.set('--version', 'the version of trustme-pki');
  return [...options].map(([name, description]) => ({ name, description }));
}

/** The words that may come first after a verb, by its usage lines: `sign efi|config FILE...`. */
export function readWords({ name, text }: VerbHelp): string[] {
  const usages = text.matchAll(new RegExp(`^(?:usage:| {6}) trustme-pki ${name} ([a-z][a-z0-9|]*)(?= |$)`, 'gm'));
  return [...new Set([...usages].flatMap(([, words]) => words!.split('|')))];
}

/** The values of an option, where they are words: by verb and option, as `graph --format`. */
export type OptionValues = Readonly<Record<string, readonly string[]>>;

/** Options whose value is a folder. */
const FOLDERS = ['--dir', '--conf', '--output-dir'];

const isSubverb = ({ name }: VerbHelp): boolean => name.includes(' ');
/** `uefi add` before `uefi`, which is what a shell takes where nothing else fits. */
const nearestFirst = (verbs: readonly VerbHelp[]): VerbHelp[] => [
  ...verbs.filter(isSubverb),
  ...verbs.filter(verb => !isSubverb(verb)),
];
const pattern = (verb: VerbHelp): string => (isSubverb(verb) ? `'${verb.name}'` : `'${verb.name} '*`);

export function formatBash(verbs: readonly VerbHelp[], values: OptionValues): string {
  const names = verbs.filter(verb => !isSubverb(verb)).map(({ name }) => name);
  const cases = nearestFirst(verbs).map(verb => {
    const options = readOptions(verb).map(({ name }) => name);
    const words = isSubverb(verb) ? [] : readWords(verb);
    return `    ${pattern(verb)}) options='${options.join(' ')}' words='${words.join(' ')}' ;;`;
  });
  const choices = Object.entries(values).map(([option, words]) => `    '${option}') values='${words.join(' ')}' ;;`);
  return `# bash completion of trustme-pki
_trustme_pki() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} second='' options='' words='' values=''
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${names.join(' ')} --help --version' -- "$current")
    return
  fi
  case $before in
    ${FOLDERS.join(' | ')})
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
  esac
  case "\${COMP_WORDS[1]} $before" in
${choices.join('\n')}
  esac
  if [ -n "$values" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  [ "$COMP_CWORD" = 2 ] || second=\${COMP_WORDS[2]}
  case "\${COMP_WORDS[1]} $second" in
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

export function formatZsh(verbs: readonly VerbHelp[], values: OptionValues): string {
  const pair = (name: string, description: string) => quoted(`${name}:${description.replaceAll(':', '\\:')}`);
  const names = verbs.filter(verb => !isSubverb(verb)).map(({ name, summary }) => pair(name, summary));
  const cases = nearestFirst(verbs).map(verb => {
    const options = readOptions(verb).map(({ name, description }) => pair(name, description));
    const words = isSubverb(verb) ? [] : readWords(verb).map(word => pair(word, summaryOf(word, verb, verbs)));
    return `  ${pattern(verb)}) options=(${options.join(' ')}); choices=(${words.join(' ')}) ;;`;
  });
  const valueCases = Object.entries(values).map(
    ([option, words]) => `  '${option}') compadd ${words.join(' ')}; return ;;`,
  );
  return `#compdef trustme-pki
local -a verbs options choices
local second=''
verbs=(${names.join(' ')})
if (( CURRENT == 2 )); then
  _describe verb verbs
  return
fi
case "$words[2] $words[CURRENT-1]" in
${valueCases.join('\n')}
esac
(( CURRENT > 3 )) && second=$words[3]
case "$words[2] $second" in
${cases.join('\n')}
esac
if [[ $words[CURRENT] == -* ]]; then
  _describe option options
else
  (( CURRENT == 3 && $#choices )) && _describe word choices
  _files
fi`;
}

export function formatFish(verbs: readonly VerbHelp[], values: OptionValues): string {
  const lines = verbs.flatMap(verb => {
    const [name, ...rest] = verb.name.split(' ');
    const seen = [name!, ...rest].map(word => `__fish_seen_subcommand_from ${word}`);
    const within = `-n '${seen.join('; and ')}'`;
    const first = isSubverb(verb)
      ? []
      : [
          `complete -c trustme-pki -f -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`,
          ...readWords(verb).map(
            word => `complete -c trustme-pki ${within} -a ${word} -d ${quoted(summaryOf(word, verb, verbs))}`,
          ),
        ];
    const options = readOptions(verb).map(option => {
      const words = values[`${name} ${option.name}`];
      const choice = words ? ` -x -a ${quoted(words.join(' '))}` : '';
      return `complete -c trustme-pki ${within} -l ${option.name.slice(2)} -d ${quoted(option.description)}${choice}`;
    });
    return [...first, ...options];
  });
  return `# fish completion of trustme-pki\n${lines.join('\n')}`;
}

/** What is said of a word after a verb. */
const summaryOf = (word: string, verb: VerbHelp, verbs: readonly VerbHelp[]): string =>
  verbs.find(({ name }) => name === `${verb.name} ${word}`)?.summary ?? verb.summary;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
