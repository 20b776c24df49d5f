// `trustme-pki completion bash|zsh|fish|man`: completion for shells, and the manual page, from the verbs' help texts.
import { STATUSES } from '../lib/authority/list.ts';
import { REASONS } from '../lib/authority/revoke.ts';
import { UsageError } from '../lib/errors.ts';
import { FORMATS as ANCHOR_FORMATS } from '../lib/export/anchors.ts';
import { GRAPH_FORMATS } from '../lib/graph/format.ts';
import { formatBash, formatFish, formatZsh, type OptionValues, type VerbHelp } from '../lib/help/completion.ts';
import { formatManual } from '../lib/help/manual.ts';
import { VARIABLES } from '../lib/help/variables.ts';
import { nearest } from '../lib/model/nearest.ts';
import { packageVersion } from '../lib/store/package.ts';
import { COMMON, parseWords } from '../options.ts';
import type { VerbContext } from './verb.ts';

const HELP = `usage: trustme-pki completion bash|zsh|fish|man

Prints what makes a shell complete verbs and options, or the manual page.

  bash: trustme-pki completion bash >~/.local/share/bash-completion/completions/trustme-pki
  zsh:  trustme-pki completion zsh >FOLDER_OF_FPATH/_trustme-pki
  fish: trustme-pki completion fish >~/.config/fish/completions/trustme-pki.fish
  man:  trustme-pki completion man >~/.local/share/man/man1/trustme-pki.1

example: . <(trustme-pki completion bash)`;

const VALUES: OptionValues = {
  'graph --format': GRAPH_FORMATS,
  'export --format': ANCHOR_FORMATS,
  'list --status': STATUSES,
  'revoke --reason': REASONS,
};

const FORMATS: Readonly<Record<string, (verbs: readonly VerbHelp[]) => string>> = {
  bash: verbs => formatBash(verbs, VALUES),
  zsh: verbs => formatZsh(verbs, VALUES),
  fish: verbs => formatFish(verbs, VALUES),
  man: verbs => formatManual(verbs, packageVersion(), VARIABLES),
};

const { help, version } = COMMON;

export async function completionVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki completion', context.words, { help, version });
  if (given.help) return context.print(HELP);
  const [name, ...others] = positionals;
  const names = Object.keys(FORMATS);
  if (name === undefined || others.length > 0 || !names.includes(name)) {
    const close = name === undefined ? undefined : nearest(name, names);
    throw new UsageError(
      name === undefined ? 'which shell is missing' : `"${[name, ...others].join(' ')}" is none of ${names.join(', ')}`,
      close && others.length === 0 ? `did you mean "${close}"?` : `usage: trustme-pki completion ${names.join('|')}`,
    );
  }
  return context.print(FORMATS[name]!(await context.helps()));
}
