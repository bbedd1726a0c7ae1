// Checks JSON bodies by a table from name to reader: what the table does not name is refused, and so
// is what has another type. Each reader carries the schema of what it takes. Knows nothing of the
// routes.
import { parseJson, type RequestBody } from './body.ts';
import { badField, quote, type FieldReader } from './fields.ts';
import { withSchema, type Described, type Schema } from './schema.ts';

/** Gives the value back as what it is, or throws SkychatError `bad-field` with the field's name. */
export type JsonReader<Value> = Described & ((value: unknown, name: string) => Value);
type Table = Readonly<Record<string, JsonReader<unknown>>>;
type Checked<Required extends Table, Optional extends Table> = {
  readonly [Name in keyof Required]: ReturnType<Required[Name]>;
} & { readonly [Name in keyof Optional]?: ReturnType<Optional[Name]> };

/** A function that gives the body where it has the fields of the tables and no others. */
export function fieldsReader<Required extends Table, Optional extends Table>(
  required: Required,
  optional: Optional,
): Described & ((body: unknown) => Checked<Required, Optional>) {
  return withSchema(schemaOf(required, optional), (body: unknown) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badField('the body must be object');
    }
    const fields = body as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(fields)) {
      const table = Object.hasOwn(required, name) ? required : optional;
      const read = Object.hasOwn(table, name) ? table[name] : undefined;
      if (read === undefined) throw badField(`there is no field ${quote(name)}`);
      read(value, name);
    }
    for (const name of Object.keys(required)) {
      if (!Object.hasOwn(fields, name)) throw badField(`${name} is missing`);
    }
    return fields as Checked<Required, Optional>;
  });
}

function schemaOf(required: Table, optional: Table): Schema {
  const properties: Record<string, Schema> = {};
  for (const [name, { schema }] of Object.entries({ ...required, ...optional })) {
    properties[name] = schema;
  }
  const names = Object.keys(required);
  return { type: 'object', properties, required: names, additionalProperties: false };
}

/** Reads a whole body, be it JSON or bare text, and carries the schema of the JSON. */
export interface BodyReader<Value> extends Described {
  (body: RequestBody): Value;
  /** What a bare text is taken for; undefined where it can only be JSON that was not named so. */
  readonly bare?: string;
  /** Whether nothing at all is a body as well. */
  readonly optional: boolean;
}

interface BodyForm {
  readonly bare?: { readonly meaning: string; readonly fields: (text: string) => unknown };
  readonly optional?: boolean;
}

/**
 * `curl -d` names no JSON: a bare text is read as JSON, and nothing at all as an object without
 * fields, where the form does not say what else is meant by it.
 */
export function bodyReader<Found, Value>(
  check: Described & ((body: unknown) => Found),
  convert: (fields: Found) => Value,
  { bare, optional = false }: BodyForm = {},
): BodyReader<Value> {
  const fieldsOf = bare?.fields ?? jsonOrNothing;
  const read = (body: RequestBody): Value =>
    convert(check(body.kind === 'json' ? body.value : fieldsOf(body.text)));
  return Object.assign(withSchema(check.schema, read), {
    optional,
    ...(bare !== undefined && { bare: bare.meaning }),
  });
}

function jsonOrNothing(text: string): unknown {
  return text.trim() === '' ? {} : parseJson(text);
}

/** For the requests that say all in their path. */
export const readNothing = bodyReader(fieldsReader({}, {}), () => undefined, { optional: true });

export const string: JsonReader<string> = withSchema({ type: 'string' }, (value, name) => {
  if (typeof value === 'string') return value;
  throw badField(`${name} must be string`);
});

/** A string that one of the readers of query parameters takes. */
export function like(read: FieldReader<unknown>): JsonReader<string> {
  return withSchema(read.schema, (value: unknown, name: string) => {
    const text = string(value, name);
    read(text, name);
    return text;
  });
}

export function textList(itemsMax: number): JsonReader<readonly string[]> {
  return withSchema(
    { type: 'array', items: string.schema, minItems: 1, maxItems: itemsMax },
    (value, name) => {
      if (!Array.isArray(value) || value.length === 0 || value.length > itemsMax) {
        throw badField(`${name} must be a list of 1 to ${itemsMax}`);
      }
      return value.map((each: unknown) => string(each, name));
    },
  );
}

/** As `like`, where what the reader gives is one of the strings that it takes. */
export function choice<Value extends string>(read: FieldReader<Value>): JsonReader<Value> {
  return withSchema(read.schema, (value: unknown, name: string) => read(string(value, name), name));
}

export function integer(min: number, max: number): JsonReader<number> {
  return withSchema(
    { type: 'integer', minimum: min, maximum: max },
    (value: unknown, name: string) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
        return value;
      }
      throw badField(`${name} must be an integer from ${min} to ${max}`);
    },
  );
}

export const boolean: JsonReader<boolean> = withSchema({ type: 'boolean' }, (value, name) => {
  if (typeof value === 'boolean') return value;
  throw badField(`${name} must be boolean`);
});

/** Null is a value of its own: it takes a bound away. */
export function nullable<Value>(read: JsonReader<Value>): JsonReader<Value | null> {
  return withSchema({ anyOf: [read.schema, { type: 'null' }] }, (value: unknown, name: string) =>
    value === null ? null : read(value, name),
  );
}
