// Checks JSON bodies by a table from name to reader: what the table does not name is refused, and so
// is what has another type. Knows nothing of the routes.
import { badField, quote } from './fields.ts';

/** Gives the value back as what it is, or throws SkychatError `bad-field` with the field's name. */
export type JsonReader<Value> = (value: unknown, name: string) => Value;
type Table = Readonly<Record<string, JsonReader<unknown>>>;
type Body<Required extends Table, Optional extends Table> = {
  readonly [Name in keyof Required]: ReturnType<Required[Name]>;
} & { readonly [Name in keyof Optional]?: ReturnType<Optional[Name]> };

/** A function that gives the body where it has the fields of the tables and no others. */
export function bodyReader<Required extends Table, Optional extends Table>(
  required: Required,
  optional: Optional,
): (body: unknown) => Body<Required, Optional> {
  return (body) => {
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
    return fields as Body<Required, Optional>;
  };
}

export const string: JsonReader<string> = (value, name) => {
  if (typeof value === 'string') return value;
  throw badField(`${name} must be string`);
};

/** A string that one of the readers of query parameters takes. */
export function like(read: (value: string, name: string) => unknown): JsonReader<string> {
  return (value, name) => {
    const text = string(value, name);
    read(text, name);
    return text;
  };
}

/** As `like`, where what the reader gives is one of the strings that it takes. */
export function choice<Value extends string>(
  read: (value: string, name: string) => Value,
): JsonReader<Value> {
  return (value, name) => read(string(value, name), name);
}

export function integer(min: number, max: number): JsonReader<number> {
  return (value, name) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    throw badField(`${name} must be an integer from ${min} to ${max}`);
  };
}

export const boolean: JsonReader<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw badField(`${name} must be boolean`);
};

/** Null is a value of its own: it takes a bound away. */
export function nullable<Value>(read: JsonReader<Value>): JsonReader<Value | null> {
  return (value, name) => (value === null ? null : read(value, name));
}
