// Reads query parameters by a table from name to reader: what the table does not name is refused, and
// so is what is given twice. Each reader carries the schema of what it takes. Knows nothing of the
// routes.
import { SkychatError } from '../errors.ts';
import { cursorCharsMax, pathPartCharsMax, searchCharsMax, spanSecondsMax } from './limits.ts';
import { text, withSchema, type Described } from './schema.ts';

export type FieldReader<Value> = Described & ((value: string, name: string) => Value);
export type FieldTable = Readonly<Record<string, FieldReader<unknown>>>;
export type Fields<T extends FieldTable> = { -readonly [Name in keyof T]?: ReturnType<T[Name]> };

/** The same reader with words about what it reads, and what is meant where it is not given. */
export function describe<Value>(
  description: string,
  read: FieldReader<Value>,
  fallback?: number | string,
): FieldReader<Value> {
  const schema = {
    ...read.schema,
    description,
    ...(fallback !== undefined && { default: fallback }),
  };
  return withSchema(schema, (value: string, name: string) => read(value, name));
}

export function readFields<T extends FieldTable>(query: unknown, table: T): Fields<T> {
  const fields: Fields<T> = {};
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    const read = Object.hasOwn(table, name) ? table[name] : undefined;
    if (read === undefined) throw badField(`there is no parameter ${quote(name)}`);
    if (typeof value !== 'string') throw badField(`${name} is given twice`);
    fields[name as keyof T] = read(value, name) as ReturnType<T[keyof T]>;
  }
  return fields;
}

/** Names come from the caller: bounded before they are shown. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

export function badField(detail: string): SkychatError {
  return new SkychatError('bad-field', detail);
}

export function integer(min: number, max: number): FieldReader<number> {
  return withSchema(
    { type: 'integer', minimum: min, maximum: max },
    (value: string, name: string) => {
      const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      throw badField(`${name} must be an integer from ${min} to ${max}`);
    },
  );
}

/** Seconds, fractions allowed, as milliseconds. */
export function seconds(max: number): FieldReader<number> {
  return withSchema({ type: 'number', minimum: 0, maximum: max }, (value: string, name: string) => {
    const number = /^\d{1,4}(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
    if (number <= max) return number * 1000;
    throw badField(`${name} must be a number of seconds up to ${max}`);
  });
}

export function oneOf<Value extends string>(...values: readonly Value[]): FieldReader<Value> {
  return withSchema({ type: 'string', enum: values }, (value: string, name: string) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    throw badField(`${name} must be one of ${values.join(', ')}`);
  });
}

const binary = oneOf('0', '1', 'false', 'true');
export const flag: FieldReader<boolean> = withSchema(binary.schema, (value: string, name: string) =>
  ['1', 'true'].includes(binary(value, name)),
);

const anyCaseHex64 = { type: 'string', pattern: '^[0-9a-fA-F]{64}$' };

export const hex64: FieldReader<string> = withSchema(anyCaseHex64, (value, name) => {
  if (/^[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase();
  throw badField(`${name} must be 64 hex characters`);
});

/** An id or a key in a path. */
export const idInPath: FieldReader<string> = withSchema(anyCaseHex64, (value) => {
  if (/^[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase();
  throw new SkychatError('bad-id', 'the path needs 64 hex characters here');
});

/** Of a token or a hook. */
export const credentialId: FieldReader<string> = withSchema(
  { type: 'string', pattern: '^[0-9a-f]{16}$' },
  (value) => {
    if (/^[0-9a-f]{16}$/.test(value)) return value;
    throw new SkychatError('bad-id', 'the path needs 16 hex characters here');
  },
);

/** What only the node can judge. */
export const anyInPath: FieldReader<string> = withSchema({ type: 'string' }, (value) => value);

/** Lower-case hex, or `me` for the node's own key. */
export const keyOrMe: FieldReader<string> = withSchema(
  { type: 'string', pattern: '^(?:me|[0-9a-fA-F]{64})$' },
  (value, name) => {
    if (value === 'me') return value;
    if (/^[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase();
    throw badField(`${name} must be me or 64 hex characters`);
  },
);

export const nameOrId: FieldReader<string> = withSchema(
  { type: 'string', minLength: 1, maxLength: pathPartCharsMax },
  (value, name) => {
    if (value !== '' && value.length <= pathPartCharsMax) return value;
    throw badField(`${name} must have 1 to ${pathPartCharsMax} characters`);
  },
);

/** Whether its words can be understood is for the search to say. */
export const searchLine: FieldReader<string> = withSchema(
  { type: 'string', pattern: '\\S', maxLength: searchCharsMax },
  (value, name) => {
    if (value.trim() !== '' && value.length <= searchCharsMax) return value;
    throw badField(`${name} must have 1 to ${searchCharsMax} characters`);
  },
);

/** Opaque; only the node knows whether it gave it out. */
export const cursor: FieldReader<string> = withSchema(
  { type: 'string', pattern: '^[\\x21-\\x7e]+$', maxLength: cursorCharsMax },
  (value, name) => {
    if (value.length <= cursorCharsMax && /^[\x21-\x7e]+$/.test(value)) return value;
    throw new SkychatError('bad-cursor', `${name} is not a cursor`);
  },
);

const unitMicros: Readonly<Record<string, number>> = {
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86400e6,
  w: 7 * 86400e6,
};
/** A length of time such as `90s`, `12h` or `30d`, in seconds. */
export const spanSeconds: FieldReader<number> = withSchema(
  { type: 'string', pattern: '^[0-9]{1,9}[smhdw]$' },
  (value, name) => {
    const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(value) ?? [];
    const length = (Number(count) * (unitMicros[unit] ?? 0)) / 1e6;
    if (length >= 1 && length <= spanSecondsMax) return length;
    throw badField(`${name} must be like 90s, 10m, 12h, 7d or 4w`);
  },
);

const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** A point in time as a function of now, both in microseconds: `10m`, `2h`, `7d`, or ISO 8601. */
export const since: FieldReader<(now: number) => number> = withSchema(text, (value, name) => {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(value) ?? [];
  const length = Number(count) * (unitMicros[unit] ?? 0);
  if (count !== undefined) return (now) => Math.max(0, now - length);
  // A plus that nobody escaped has become a space.
  const iso = value.replace(' ', '+');
  const zone = isoTime.exec(iso);
  const time = zone === null ? Number.NaN : Date.parse(withZone(iso, zone[1])) * 1000;
  if (Number.isSafeInteger(time)) return () => time;
  throw badField(`${name} must be like 10m, 2h, 7d or 2026-11-22T05:10:00Z`);
});

/** ISO 8601 leaves a time without a zone open; on this surface it is UTC. */
function withZone(text: string, zone: string | undefined): string {
  return zone === undefined && text.includes('T') ? `${text}Z` : text;
}
