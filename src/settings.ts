// The settings of a node by name, and where each is given: flag, environment or file, in this order.
// Pure. Knows the shape of a value (text, list, switch), not its meaning.
import { dirname, resolve } from 'node:path';
import { SkychatError } from './errors.ts';

type Kind = 'switch' | 'list' | 'text';

/** Every setting by the name of its flag, and what its value looks like. */
export const settings = {
  standalone: 'switch',
  peers: 'list',
  allow: 'list',
  open: 'switch',
  listen: 'text',
  'no-listen': 'switch',
  advertise: 'list',
  http: 'text',
  data: 'text',
  key: 'text',
  room: 'text',
  name: 'text',
  note: 'text',
  bot: 'switch',
  retain: 'text',
  'http-token-file': 'text',
  'allow-host': 'list',
  'write-rate': 'text',
  'log-level': 'text',
  'log-format': 'text',
  'force-new-head': 'switch',
} as const satisfies Record<string, Kind>;

export type SettingName = keyof typeof settings;

/** Another name under which a setting is given; the values of both are taken. */
export const aliases: Partial<Record<SettingName, string>> = { peers: 'via' };

export type FlagValue = string | boolean | readonly string[];
export type FlagValues = Readonly<Partial<Record<SettingName, FlagValue>>>;

export interface SettingInputs {
  readonly flags: FlagValues;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: { readonly path: string; readonly text: string } | undefined;
  readonly home: string;
  /** What relative paths start from, other than those in the file: they start beside it. */
  readonly cwd: string;
}

/** The variable that holds a setting: `http-token-file` is SKYCHAT_HTTP_TOKEN_FILE. */
export function variableOf(name: string): string {
  return `SKYCHAT_${name.toUpperCase().replaceAll('-', '_')}`;
}

const fileHint = 'See: skychat-node help config-file';

export interface Given {
  readonly value: FlagValue;
  /** 0 for a flag, 1 for the environment, 2 for the file: the lowest wins. */
  readonly rank: number;
  /** How a failure names it. */
  readonly label: string;
  readonly source: string;
  /** What relative paths start from. */
  readonly base: string;
}

export interface Context {
  readonly base: string;
  readonly home: string;
}

/** Throws a `Refusal`, which the lookup turns into a failure that names where the text came from. */
export type Parse<T> = (text: string, context: Context) => T;

export class Refusal extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The value of each setting with where it came from, in words. */
export class Lookup {
  readonly #inputs: SettingInputs;
  readonly #file: ReadonlyMap<string, FlagValue>;

  constructor(inputs: SettingInputs) {
    this.#inputs = inputs;
    this.#file = inputs.file === undefined ? new Map() : parseFile(inputs.file);
  }

  text<T, D>(name: SettingName, parse: Parse<T>, fallback: D): readonly [T | D, string] {
    const given = this.find(name);
    if (given === undefined) return [fallback, 'default'];
    return [this.#parse(given, String(given.value), parse), given.source];
  }

  list<T>(name: SettingName, parse: Parse<T>): readonly [readonly T[], string] {
    const given = this.find(name);
    if (given === undefined) return [[], 'default'];
    const parts = [given.value].flat().flatMap((text) => String(text).split(','));
    const texts = new Set(parts.map((text) => text.trim()).filter((text) => text !== ''));
    return [[...texts].map((text) => this.#parse(given, text, parse)), given.source];
  }

  switch(name: SettingName): readonly [boolean, string] {
    const given = this.find(name);
    return given === undefined ? [false, 'default'] : [given.value === true, given.source];
  }

  find(name: SettingName): Given | undefined {
    return this.#ofFlags(name) ?? this.#ofEnvironment(name) ?? this.#ofFile(name);
  }

  #ofFlags(name: SettingName): Given | undefined {
    const value = this.#inputs.flags[name];
    if (value === undefined) return undefined;
    const label = `--${name}`;
    return { value, rank: 0, label, source: `flag ${label}`, base: this.#inputs.cwd };
  }

  #ofEnvironment(name: SettingName): Given | undefined {
    const found = [name, aliases[name] ?? []]
      .flat()
      .map((each) => ({ variable: variableOf(each), text: this.#inputs.env[variableOf(each)] }))
      // An empty variable is how a unit file or a compose file says "not set".
      .flatMap(({ variable, text }) => (text ? [{ variable, text }] : []));
    if (found.length === 0) return undefined;
    const text = found.map((each) => each.text).join(',');
    const label = found.map((each) => each.variable).join(' and ');
    const value = settings[name] === 'switch' ? toSwitch(text, label) : text;
    return { value, rank: 1, label, source: `environment ${label}`, base: this.#inputs.cwd };
  }

  #ofFile(name: SettingName): Given | undefined {
    const path = this.#inputs.file?.path ?? '';
    const found = [name, aliases[name] ?? []].flat().filter((each) => this.#file.has(each));
    if (found.length === 0) return undefined;
    const label = `${found.map((each) => JSON.stringify(each)).join(' and ')} in ${path}`;
    const values = found.flatMap((each) => this.#file.get(each) ?? []);
    const value = settings[name] === 'list' ? values.map(String) : values[0];
    const base = dirname(resolve(this.#inputs.cwd, path));
    return { value: value ?? '', rank: 2, label, source: `file ${path}`, base };
  }

  #parse<T>(given: Given, text: string, parse: Parse<T>): T {
    try {
      return parse(text, { base: given.base, home: this.#inputs.home });
    } catch (error) {
      if (error instanceof SkychatError) {
        const { code, hint } = error;
        const message = `${given.label}: ${error.message}`;
        throw new SkychatError(code, message, { ...(hint && { hint }), cause: error });
      }
      if (error instanceof Refusal) {
        throw badConfig(`${given.label}: ${JSON.stringify(text)} ${error.message}`, error.hint);
      }
      throw error;
    }
  }
}

function parseFile({ path, text }: { path: string; text: string }): ReadonlyMap<string, FlagValue> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw badConfig(`${path} is not JSON: ${String(error)}`, fileHint);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw badConfig(`${path} does not hold a JSON object`, fileHint);
  }
  const kinds = new Map<string, Kind>(Object.entries(settings));
  for (const alias of Object.values(aliases)) kinds.set(alias, 'list');
  const values = new Map<string, FlagValue>();
  for (const [key, value] of Object.entries(content)) {
    const name = key.replaceAll('_', '-');
    const kind = kinds.get(name);
    if (kind === undefined) {
      const near = nearest(name, [...kinds.keys()]);
      const hint = near === undefined ? fileHint : `Did you mean "${near}"?`;
      throw badConfig(`unknown key ${JSON.stringify(key)} in ${path}`, hint);
    }
    if (values.has(name)) throw badConfig(`"${name}" is twice in ${path}`, 'Keep one of them.');
    values.set(name, toFileValue(value, kind, `${JSON.stringify(key)} in ${path}`));
  }
  return values;
}

function toFileValue(value: unknown, kind: Kind, label: string): FlagValue {
  if (kind === 'switch' && typeof value === 'boolean') return value;
  if (kind !== 'switch' && typeof value === 'string') return value;
  if (kind === 'list' && isTexts(value)) return value;
  const wanted = { switch: 'true or false', list: 'a list of texts', text: 'a text' }[kind];
  throw badConfig(`${label} must be ${wanted}`, fileHint);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function toSwitch(text: string, label: string): boolean {
  const word = text.toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  const hint = 'Write 1, true, yes or on; or 0, false, no or off.';
  throw badConfig(`${label}: ${JSON.stringify(text)} is neither yes nor no`, hint);
}

export function badConfig(message: string, hint: string): SkychatError {
  return new SkychatError('bad-config', message, { hint });
}

/** The candidate that a word was probably meant to be; undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined) return undefined;
  const longer = Math.max(word.length, best.candidate.length);
  return best.distance <= Math.max(2, longer / 2) ? best.candidate : undefined;
}

/** Levenshtein's; of words that an operator typed, so the cost is that of their lengths. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
