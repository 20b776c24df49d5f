// The verbs' help texts as a manual page: man(7) of roff.
import type { VerbHelp } from './completion.ts';

/** `date` stands in its foot, as YYYY-MM-DD. */
export function formatManual(
  verbs: readonly VerbHelp[],
  version: string,
  variables: readonly (readonly [string, string])[],
): string {
  return [
    `.TH TRUSTME-PKI 1 "" "trustme-pki ${version}" "User Commands"`,
    '.SH NAME',
    'trustme-pki \\- the PKI of an embedded platform from a few ini files',
    '.SH SYNOPSIS',
    '.B trustme-pki',
    '.I VERB',
    '[options]',
    '.SH VERBS',
    ...verbs.flatMap(({ name, summary, text }) => [
      `.SS ${escaped(name)}`,
      escaped(`${summary}.`),
      '.PP',
      '.nf',
      escaped(text),
      '.fi',
    ]),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, meaning]) => ['.TP', `.B ${escaped(name)}`, escaped(meaning)]),
    '.SH EXIT STATUS',
    '0: done, or sound. 1: failed, or findings. 2: wrong use. 129, 130, 143: stopped by SIGHUP, SIGINT, SIGTERM.',
  ].join('\n');
}

/** Backslashes and hyphens as they are; no line is a request. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
