// docs/reference.md out of what the program knows: verbs, keys, variables, outputs, files.
import type { VerbHelp } from '../lib/help/completion.ts';
import { VARIABLES } from '../lib/help/variables.ts';
import { READERS } from '../lib/store/readers.ts';
import type { Fields } from './fields.ts';
import { KEY_SECTIONS, type KeySection } from './keys.ts';
import { OUTPUTS } from './outputs.ts';

const EXIT_CODES = [
  ['0', 'done, or nothing to do; `verify`: sound; `check`: all good'],
  ['1', 'failed, or findings: one error says what, where and what to do'],
  ['2', 'wrong use: an option, a word, a value; these are looked at first, also where there would be nothing to do'],
  ['129, 130, 143', 'stopped by SIGHUP, SIGINT, SIGTERM; nothing is half done'],
] as const;

/** A `|` would part cells. */
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows]
    .map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

function keyTable({ title, before, after, rows }: KeySection): string {
  const hasDefaults = rows.some(([, , otherwise]) => otherwise !== undefined);
  const named = (keys: readonly string[]) =>
    keys.map(key => (key.startsWith('an OID') ? 'an OID, as `1.3.6.1.4.1.99999.5`' : `\`${key}\``)).join(', ');
  const cells = rows.map(([keys, format, otherwise = '']) => [
    named(keys),
    format,
    ...(hasDefaults ? [otherwise] : []),
  ]);
  const heads = ['key', 'format', ...(hasDefaults ? ['default'] : [])];
  return [`### ${title}`, before, table(heads, cells), after].filter(Boolean).join('\n\n');
}

const outputTable = (verb: string, fields: Fields): string =>
  `### ${verb}\n\n${table(
    ['field', 'type', 'what it is'],
    Object.entries(fields).map(([path, [type, meaning]]) => [`\`${path}\``, type, meaning]),
  )}`;

export const formatReference = (verbs: readonly VerbHelp[]): string =>
  [
    '# Reference',
    '`npm run docs` makes this page from the tables of the program; a test compares them. What `verify` finds is in [verify.md](verify.md), the API in [api.md](api.md).',
    '## Verbs',
    ...verbs.map(({ name, text }) => `### trustme-pki ${name}\n\n\`\`\`text\n${text.trim()}\n\`\`\``),
    '## Exit codes',
    table(['code', 'meaning'], EXIT_CODES),
    '## Environment variables',
    table(
      ['variable', 'meaning'],
      VARIABLES.map(([names, meaning]) => [names.replace(/[A-Z][A-Z0-9_]+/g, '`$&`'), meaning]),
    ),
    '## Keys of the ini files',
    'How files and layers work together is in [customizing.md](customizing.md).',
    ...Object.values(KEY_SECTIONS).map(section => keyTable(section)),
    '## Files of a PKI directory, and who reads them',
    table(
      ['file', 'reader'],
      Object.entries(READERS).map(([file, reader]) => [`\`${file}\``, reader]),
    ),
    '`.pki/` is ours: the CA databases (`ENTITY/index.txt`, `crlnumber`, `issued/SERIAL.pem`, `requests.tsv`), the rendered configurations (`ENTITY.cnf`), what certificates and keys there were before (`retired/`), the protocol of CA certificates (`protocol.txt`) and its digest (`protocol.sha256`), the manifest (`manifest.json`).',
    '## What --json prints',
    'Every output is one object with `schema`: 1, and the fields below. `[]` is each member of a list, `?` may be missing, `{}` a member of any name. Fields may be added; none changes its meaning. [output-schemas.json](output-schemas.json) has the same as JSON Schema.',
    ...Object.entries(OUTPUTS).map(([verb, fields]) => outputTable(verb, fields)),
  ]
    .join('\n\n')
    .concat('\n');
