// The UEFI variables of a hierarchy: those that entities fill, and dbx, which no certificate of ours fills.
import { UsageError } from '../errors.ts';
import type { Hierarchy } from './hierarchy.ts';
import type { Entity, Variable, VariableName } from './types.ts';

/** What authorises comes before what it authorises: the order in which updates are signed and enrolled. */
export const VARIABLE_ORDER: readonly VariableName[] = ['PK', 'KEK', 'db', 'dbx'];

/** The stem of the files of dbx. */
export const DBX = 'DBX';

/** A variable, and the stem of its files. */
export interface VariableFiles {
  readonly stem: string;
  readonly variable: Variable;
}

/** In order. */
export const variablesIn = (hierarchy: Hierarchy): VariableFiles[] => withDbx(filledVariables(hierarchy.values()));

/** In order, with dbx: whoever authorises db authorises that (UEFI 2.10, 32.3). */
export function withDbx(filled: readonly VariableFiles[]): VariableFiles[] {
  const db = filled.find(({ variable }) => variable.name === 'db');
  const dbx: VariableFiles[] = db
    ? [{ stem: DBX, variable: { name: 'dbx', contains: [], authoriser: db.variable.authoriser } }]
    : [];
  return [...filled, ...dbx].sort((a, b) => rankOf(a) - rankOf(b));
}

/** The stem of the entity that fills a variable; empty where none does. */
export const filling = (hierarchy: Hierarchy, name: VariableName): string =>
  filledVariables(hierarchy.values()).find(({ variable }) => variable.name === name)?.stem ?? '';

/** The entity that is meant where a UEFI key is to be replaced: by its variable, or its name. Throws where it is none. */
export function heldBy(hierarchy: Hierarchy, name: string): string {
  const variables = filledVariables(hierarchy.values());
  const own = variables.find(({ variable }) => variable.name.toLowerCase() === name.toLowerCase());
  if (own) return own.stem;
  const held = variables.flatMap(({ variable }) => variable.contains);
  if (held.includes(name)) return name;
  throw new UsageError(
    `no UEFI variable holds the certificate of "${name}"`,
    `give one of ${[...new Set([...variables.map(({ variable }) => variable.name), ...held])].join(', ')}`,
  );
}

const rankOf = ({ variable }: VariableFiles): number => VARIABLE_ORDER.indexOf(variable.name);

/** Those that entities fill. */
export const filledVariables = (entities: Iterable<Entity>): VariableFiles[] =>
  [...entities].flatMap(({ stem, variable }) => (variable ? [{ stem, variable }] : []));
