// `npm run docs`: writes docs/reference.md and docs/output-schemas.json.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readHelps } from '../verb-table.ts';
import { OUTPUTS } from './outputs.ts';
import { formatReference } from './page.ts';
import { schemaOf } from './schema.ts';

/** The files by name, as they have to be. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  const schemas = Object.fromEntries(Object.entries(OUTPUTS).map(([verb, fields]) => [verb, schemaOf(fields)]));
  return {
    'reference.md': formatReference(await readHelps()),
    'output-schemas.json': `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: schemas }, undefined, 2)}\n`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of Object.entries(await generatedDocs()))
    writeFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), text);
