// Descriptions of UEFI lists and updates as lines for people.
import type { Changed } from './change.ts';
import { type Description, describeEntry, type Entry, type Update } from './describe.ts';

export const formatDescriptions = (descriptions: readonly Description[]): string =>
  descriptions.map(formatDescription).join('\n\n');

function formatDescription({ file, bytes, update, entries, warnings }: Description): string {
  const what = update ? formatUpdate(update) : 'signature list';
  const count = entries.length === 1 ? '1 entry' : `${entries.length} entries`;
  const lines = entries.map((entry, i) => `  ${i + 1}. ${formatEntry(entry)}`);
  return [`${file}: ${what}, ${bytes} bytes, ${count}`, ...lines, ...warnings.map(each => `  warning: ${each}`)].join(
    '\n',
  );
}

function formatUpdate({ time, variable, isAppended, signers }: Update): string {
  const by = signers.length > 0 ? ` by ${signers.join('; ')}` : '';
  const what =
    variable === null
      ? 'update of a variable, signature not verified'
      : `${isAppended ? 'adds to' : 'replaces'} ${variable}`;
  return `${what}, signed ${time.replace('.000', '')}${by}`;
}

/** One entry in a line or two. */
export function formatEntry({ type, owner, sha256, subject, keyType, notAfter, revokedFrom }: Entry): string {
  const certificate = subject === undefined ? '' : ` ${subject} (${keyType}, until ${notAfter?.slice(0, 10)})`;
  const from = revokedFrom === undefined ? '' : ` revoked from ${revokedFrom}`;
  return `${type}${certificate}${from}\n     ${sha256}\n     owner ${owner}`;
}

/** A line, if there are any. */
export const formatFieldUpdates = (files: readonly string[]): string[] =>
  files.length === 0
    ? []
    : [`for machines in the field${files.length > 1 ? ', in this order' : ''}: ${files.join(', ')}`];

/** What a change did: lines, the value of --json, and what some firmware does not take of it. */
export function formatChanged({ variable, stem, added, removed, files, fieldUpdates, warnings }: Changed) {
  const entries = { added: added.map(describeEntry), removed: removed.map(describeEntry) };
  const list = (verb: string, all: readonly Entry[]) => all.map(each => `${verb} ${formatEntry(each)}`);
  const visible = files.filter(file => !file.startsWith('.pki/'));
  const lines =
    files.length === 0
      ? [`${stem}.esl: nothing to change`]
      : [
          ...list('added', entries.added),
          ...list('removed', entries.removed),
          `changed: ${visible.join(', ')}`,
          ...formatFieldUpdates(fieldUpdates),
        ];
  return {
    text: lines.join('\n'),
    value: { schema: 1, variable, ...entries, files, fieldUpdates, warnings },
  };
}
