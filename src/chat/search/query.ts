// What a search asks for, from the line that a person wrote. Knows nothing of who is called what, and
// of how it is found.
import { SkychatError } from '../../errors.ts';
import { searchLimits } from '../limits.ts';
import type { Clause, Element } from './matcher.ts';
import { parseMoment } from './moment.ts';
import { fold, wordsOf } from './words.ts';

/** A name as it was given behind `from:` or `in:`. */
export interface Named {
  readonly name: string;
  readonly isNegated: boolean;
}

export interface Query {
  readonly clauses: readonly Clause[];
  readonly from: readonly Named[];
  readonly in: readonly Named[];
  /** Microseconds: at or after the one, before the other. */
  readonly since: number;
  readonly until: number;
}

/** A part of the line: `-operator:"value"`, of which only the value has to be there. */
interface Part {
  readonly isNegated: boolean;
  readonly operator: string | undefined;
  readonly value: string;
  readonly isQuoted: boolean;
}

const partPattern = /(-?)(?:(from|in|before|after):)?(?:"([^"]*)"(?=\s|$)|([^\s"]\S*))?/iy;

/**
 * Words have to be there all, the last one as the beginning of one; `"a phrase"`, `-without`,
 * `from:name`, `in:group`, `before:2026-11-20`, `after:7d`.
 * @param now microseconds, for times that are written as how long ago
 * @throws SkychatError `bad-field`, saying what is wrong
 */
export function parseQuery(text: string, now: number): Query {
  if (text.length > searchLimits.queryCharsMax) {
    throw badQuery(`it has more than ${searchLimits.queryCharsMax} characters`);
  }
  const parts = partsOf(text.replaceAll(/[“”„]/g, '"'));
  if (parts.length === 0) throw badQuery('it is empty');
  if (parts.length > searchLimits.queryPartsMax) {
    throw badQuery(`it has more than ${searchLimits.queryPartsMax} parts`);
  }
  const clauses: Clause[] = [];
  const names: Record<'from' | 'in', Named[]> = { from: [], in: [] };
  let since = 0;
  let until = Infinity;
  for (const part of parts) {
    const { operator, value, isNegated } = part;
    if (operator === undefined) clauses.push(clauseOf(part, part === parts.at(-1)));
    else if (operator === 'from' || operator === 'in') {
      names[operator].push({ name: value, isNegated });
    } else if (operator === 'after') since = Math.max(since, momentOf(part, now));
    else until = Math.min(until, momentOf(part, now));
  }
  return { clauses, ...names, since, until };
}

function partsOf(line: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(line[at] ?? '')) at++;
    if (at >= line.length) return parts;
    partPattern.lastIndex = at;
    const match = partPattern.exec(line);
    const [whole = '', minus, operator, quoted, bare] = match ?? [];
    at += whole.length;
    const rest = line[at];
    if (rest !== undefined && !/\s/.test(rest)) throw badQuery('a quotation mark has no other one');
    const value = quoted ?? bare ?? '';
    if (value.trim() === '')
      throw badQuery(`there is nothing behind ${whole === '' ? '"' : whole}`);
    const isQuoted = quoted !== undefined;
    parts.push({ isNegated: minus === '-', operator: operator?.toLowerCase(), value, isQuoted });
  }
}

function momentOf({ operator = '', value, isNegated }: Part, now: number): number {
  if (isNegated) throw badQuery(`-${operator}: is the other one of before: and after:`);
  const moment = parseMoment(value, now);
  if (moment !== undefined) return moment;
  throw badQuery(`${operator}: needs a time like 2026-11-20, 2026-11-20T14:30 or 7d`);
}

function clauseOf({ value, isNegated, isQuoted }: Part, isLast: boolean): Clause {
  const words = wordsOf(fold(value));
  if (words.length === 0) throw badQuery(`there is no word in ${JSON.stringify(value)}`);
  const isOpen = isLast && !isQuoted && !isNegated;
  const elements = words.flatMap((word, i): Element[] => {
    const { text, at, end } = word;
    // The pair before it has it, and in the text the run may go on.
    if (end === 'behind') return [];
    return [{ text, at, isPrefix: end === 'alone' || (isOpen && i === words.length - 1) }];
  });
  return { isNegated, elements };
}

function badQuery(detail: string): SkychatError {
  return new SkychatError('bad-field', `the search cannot be read: ${detail}`, {
    hint: 'Write words, "a phrase", -without, from:NAME, in:GROUP, before:2026-11-20 or after:7d.',
  });
}
