// JSON Schemas (draft 2020-12) as values, and functions that carry their own, so that what reads a
// value is also what documents it. A schema with a title is a shape of its own in the document.
export interface Schema {
  readonly [keyword: string]: unknown;
}

export interface Described {
  readonly schema: Schema;
}

export function withSchema<Read extends object>(schema: Schema, read: Read): Read & Described {
  return Object.assign(read, { schema });
}

export const text = { type: 'string' } as const;
export const whole = { type: 'integer' } as const;
export const truth = { type: 'boolean' } as const;
/** Keys and ids as they are given out. */
export const hex = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
export const hexText = { type: 'string', pattern: '^(?:[0-9a-f]{2})*$' } as const;
export const time = { type: 'string', format: 'date-time' } as const;

export function choiceOf<const Value>(...values: readonly Value[]) {
  return { type: 'string', enum: values } as const;
}

export function listOf(items: Schema) {
  return { type: 'array', items } as const;
}

export function orNull(schema: Schema): Schema {
  const { type, enum: values, title } = schema;
  if (title !== undefined) return { anyOf: [schema, { type: 'null' }] };
  const nullable = { ...schema, type: [type, 'null'] };
  return Array.isArray(values) ? { ...nullable, enum: [...(values as unknown[]), null] } : nullable;
}

/** An object with these properties, all of them there but for the optional ones. */
export function shape<Properties extends Readonly<Record<string, Schema>>>(
  properties: Properties,
  optional: readonly (keyof Properties & string)[] = [],
) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required } as const;
}

/**
 * What the serialiser needs of a schema: its types. It would check a format, or which of two schemas
 * holds, on each answer again.
 */
export function leanOf(schema: Schema): Schema {
  const { anyOf, properties, items, additionalProperties: others, type, required } = schema;
  if (Array.isArray(anyOf)) {
    const [first] = anyOf as readonly Schema[];
    const lean = leanOf(first ?? {});
    return { ...lean, type: [lean['type'], 'null'] };
  }
  return {
    type,
    ...(required !== undefined && { required }),
    ...(items !== undefined && { items: leanOf(items as Schema) }),
    ...(typeof others === 'object' && { additionalProperties: leanOf(others as Schema) }),
    ...(properties !== undefined && {
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(properties as Record<string, Schema>).map(([name, one]) => [
          name,
          leanOf(one),
        ]),
      ),
    }),
  };
}
