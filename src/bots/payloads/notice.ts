// What an incoming hook was told, whatever the shape of it: a text to post, and how its sender expects
// to be answered. And the helpers by which each shape is read from JSON that may be anything.
import type { Draft } from '../../http/api.ts';
import { fieldsOf } from '../row-book.ts';

export interface Notice {
  readonly text: string;
  readonly priority?: Draft['priority'];
  /** The answer of ntfy's, where it is a message of ntfy's. */
  readonly ntfy?: Readonly<Record<string, unknown>>;
}

/** Entries of a list that are shown; the rest is counted. */
export const entriesShownMax = 10;

type Fields = Readonly<Record<string, unknown>>;

/** The text of a field, trimmed; empty where there is none. */
export function textIn(value: unknown, ...path: readonly string[]): string {
  let inner = value;
  for (const name of path) inner = fieldsOf(inner)[name];
  if (typeof inner === 'number') return String(inner);
  return typeof inner === 'string' ? inner.trim() : '';
}

/** The objects of a list, as many as are shown; of anything else none. */
export function listIn(value: unknown, name: string): readonly Fields[] {
  const list = fieldsOf(value)[name];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

/** Lines that say something. */
export function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n');
}

/** Words that say something, in one line. */
export function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** One line for each of the first entries, and how many more there are. */
export function listed<Entry>(entries: readonly Entry[], lineOf: (entry: Entry) => string): string {
  const shown = entries.slice(0, entriesShownMax).map(lineOf);
  const more = entries.length - shown.length;
  return lines(...shown, more > 0 ? `… and ${more} more` : undefined);
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}
