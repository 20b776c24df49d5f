// The formats of a picture by name.
import { UsageError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import { packageVersion } from '../store/package.ts';
import { formatHtml } from './html.ts';
import { formatMermaid } from './mermaid.ts';
import type { Picture } from './picture.ts';
import { formatSvg } from './svg.ts';
import { formatTree } from './tree.ts';

/** Text without a final newline. */
type Formatter = (picture: Picture, isColoured: boolean) => string | Promise<string>;

const FORMATS: Readonly<Record<string, Formatter>> = {
  tree: formatTree,
  mermaid: formatMermaid,
  svg: formatSvg,
  html: picture => formatHtml(picture, packageVersion()),
  json: picture => JSON.stringify(picture),
};

/** Those of `--format`. */
export const GRAPH_FORMATS: readonly string[] = Object.keys(FORMATS).filter(name => name !== 'json');

/** The formatter of `--format` or `--json`; the tree where neither is given. Throws a UsageError. */
export function formatterOf(format: string | undefined, isJson: boolean): Formatter {
  if (isJson && format !== undefined)
    throw new UsageError('--json and --format exclude each other', 'give one of them');
  const wanted = format ?? (isJson ? 'json' : 'tree');
  if (wanted !== 'json' || isJson) if (Object.hasOwn(FORMATS, wanted)) return FORMATS[wanted]!;
  const close = wanted === 'json' ? '--json' : nearest(wanted, GRAPH_FORMATS);
  throw new UsageError(
    `unknown format "${wanted}"`,
    close
      ? `did you mean "${close}"? The formats are ${GRAPH_FORMATS.join(', ')}`
      : `give one of ${GRAPH_FORMATS.join(', ')}`,
  );
}
