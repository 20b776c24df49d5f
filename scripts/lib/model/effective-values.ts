// The effective values of an entity as rows: section, key, value, where it came from and what it overrode.
import { printable } from '../errors.ts';
import type { Fact, Facts } from './ini-text.ts';
import { formatKeyType } from './key-type.ts';
import { type Entity, isSelfSigned } from './types.ts';
import { formatValidity } from './validity.ts';

/** Where a value stands: a file and line, or an option of the command line (line 0). */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

export interface EffectiveValue extends Origin {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Weaker values that it replaced, the strongest of them first. */
  readonly overrode: readonly (Origin & { readonly value: string })[];
}

/** All values of the sections, `{brand}` replaced. */
export function effectiveValues(facts: Facts, brand: string): EffectiveValue[] {
  return [...facts].flatMap(([section, entries]) =>
    [...entries].map(([key, fact]) => ({
      section,
      key,
      value: section === 'subject' ? fact.value.replaceAll('{brand}', () => brand) : fact.value,
      file: fact.file,
      line: fact.line,
      overrode: weakerOf(fact),
    })),
  );
}

function weakerOf({ overrode }: Fact): EffectiveValue['overrode'] {
  if (!overrode) return [];
  const { value, file, line } = overrode;
  return [{ value, file, line }, ...weakerOf(overrode)];
}

export const formatOrigin = ({ file, line }: Origin): string => (line === 0 ? file : `${file}:${line}`);

/** Cells in columns. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_cell, i) => Math.max(...rows.map(row => row[i]!.length)));
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ');
  return rows.map(row => printable(line(row).trimEnd())).join('\n');
}

/** A line for each entity, then the values that all inherit. */
export function formatOverview(entities: Iterable<Entity>, defaults: readonly EffectiveValue[]): string {
  const rows = [...entities].map(entity => [
    entity.stem,
    isSelfSigned(entity) ? '(self-signed)' : entity.issuer,
    formatKeyType(entity.keyType),
    formatValidity(entity.certificate),
    entity.file,
  ]);
  const table = columns([['entity', 'issuer', 'key type', 'validity', 'file'], ...rows]);
  return `${table}\n\ndefaults.ini:\n${formatValues(defaults)}`;
}

/** Lines `key = value    file:line`, sections as in ini; what was overridden in a line below each. */
export function formatValues(values: readonly EffectiveValue[]): string {
  const width = Math.min(60, Math.max(0, ...values.map(({ key, value }) => key.length + value.length + 3)));
  let section = '';
  return values
    .flatMap(each => {
      const head = each.section === section ? [] : ['', `[${each.section}]`];
      section = each.section;
      const line = `${`${each.key} = ${each.value}`.padEnd(width)}  ${formatOrigin(each)}`;
      const weaker = each.overrode.map(
        old => `${`${' '.repeat(4)}instead of "${old.value}"`.padEnd(width)}  ${formatOrigin(old)}`,
      );
      return [...head, ...[line, ...weaker].map(printable)];
    })
    .join('\n');
}
