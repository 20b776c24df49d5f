// The fields of an output as JSON Schema.
import type { Fields } from './fields.ts';

type Schema = { [name: string]: unknown };

/** JSON Schema (2020-12) of an output. What is not said may be added by later versions. */
export function schemaOf(fields: Fields): Schema {
  const root = emptyObject();
  put(root, ['schema'], { const: 1, description: 'version of this form' });
  for (const [path, [type, description]] of Object.entries(fields))
    put(root, path.split('.'), { ...(type === 'any' ? {} : { type }), description });
  return root;
}

interface ObjectSchema extends Schema {
  type: 'object';
  properties: { [name: string]: Schema };
  required: string[];
}

const emptyObject = (): ObjectSchema => ({ type: 'object', properties: {}, required: [] });

function put(schema: ObjectSchema, [head = '', ...rest]: readonly string[], leaf: Schema): void {
  const [, name = '', list, optional] = /^(.*?)(\[\])?(\?)?$/.exec(head) ?? [];
  const isMap = name === '{}';
  const present = isMap ? (schema.additionalProperties as Schema | undefined) : schema.properties[name];
  const inner = (list ? (present?.items as Schema) : present) ?? (rest.length > 0 ? emptyObject() : leaf);
  if (rest.length > 0) put(inner as ObjectSchema, rest, leaf);
  const whole = list ? { type: 'array', items: inner } : inner;
  if (isMap) schema.additionalProperties = whole;
  else {
    schema.properties[name] = whole;
    if (!optional && !schema.required.includes(name)) schema.required.push(name);
  }
}
