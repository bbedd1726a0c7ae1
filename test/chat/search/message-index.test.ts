import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageIndex } from '../../../src/chat/search/message-index.ts';
import { parseQuery } from '../../../src/chat/search/query.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import { compareEntries } from '../../../src/chat/timeline/timeline.ts';
import { entryOf, testKey } from '../rig.ts';
import { hasPhrase, hasWord } from './naive.ts';

const everything = {
  ...{ groups: undefined, authors: undefined, since: 0, until: Infinity },
  ...{ notGroups: new Set<never>(), notAuthors: new Set<never>() },
};

function place(arrival: number, time = arrival): Entry {
  return entryOf({ arrival, time, seq: arrival, author: testKey(arrival % 3), object: undefined });
}

function indexOf(...texts: readonly string[]): MessageIndex {
  const index = new MessageIndex();
  for (const [i, text] of texts.entries()) index.put(place(i + 1), text);
  return index;
}

function search(index: MessageIndex, line: string): number[] {
  return index.find(parseQuery(line, 0).clauses, everything, undefined, 100);
}

// Few letters and words, so that things meet; the words begin alike, and fold into each other.
const wordText = fc.oneof(
  fc.constantFrom('a', 'ab', 'abc', 'Ab', 'b', 'äb', 'ß', 'SS', 'é', '12', '_'),
  fc.string({ unit: fc.constantFrom('日', '本', '語', 'か', 'は'), minLength: 1, maxLength: 4 }),
);
const glue = fc.constantFrom(' ', '', '-', ', ', '.\n');
const text = fc
  .array(fc.tuple(wordText, glue), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.map(([word, between]) => word + between).join(''))
  .filter(hasWord);
const clause = fc.record({ text, isQuoted: fc.boolean(), isNegated: fc.boolean() });

test('a search finds what a plain filter finds, the newest first', () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 12 }),
      fc.array(clause, { minLength: 1, maxLength: 3 }),
      (texts, clauses) => {
        const parts = clauses.map((each) => ({
          ...each,
          text: each.isQuoted ? each.text : each.text.replaceAll(/[\s-]+/g, ''),
        }));
        fc.pre(parts.every((each) => hasWord(each.text)));
        const line = parts
          .map(
            (each) => `${each.isNegated ? '-' : ''}${each.isQuoted ? `"${each.text}"` : each.text}`,
          )
          .join(' ');
        const expected = texts.flatMap((one, i) => {
          const passes = parts.every(({ text: phrase, isQuoted, isNegated }, at) => {
            const isOpen = at === parts.length - 1 && !isQuoted && !isNegated;
            return hasPhrase(one, phrase, isOpen) !== isNegated;
          });
          return passes ? [i + 1] : [];
        });
        expect(search(indexOf(...texts), line), line).toEqual(expected.reverse());
      },
    ),
    { numRuns: 1000 },
  );
});

test('an index that was changed finds what one finds that was made of what is left', () => {
  const change = fc.tuple(fc.nat({ max: 9 }), fc.option(text, { nil: undefined }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), wordText, (changes, word) => {
      const index = new MessageIndex();
      const left = new Map<number, string>();
      for (const [at, said] of changes) {
        index.put(place(at + 1), said);
        if (said === undefined) left.delete(at + 1);
        else left.set(at + 1, said);
      }
      const expected = [...left].filter(([, said]) => hasPhrase(said, word, true));
      const arrivals = expected.map(([arrival]) => arrival);
      expect(search(index, word)).toEqual(arrivals.sort((a, b) => b - a));
      expect(index.size).toBe(left.size);
    }),
    { numRuns: 300 },
  );
});

test('pages go on from each other in the order of the timeline, also where times are equal', () => {
  const times = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 20 }), (moments, limit) => {
      const entries = moments.map((time, i) => place(i + 1, time));
      const index = new MessageIndex();
      for (const entry of entries) index.put(entry, 'x');
      const found: number[] = [];
      for (let before: Entry | undefined; ;) {
        const page = index.find(parseQuery('x', 0).clauses, everything, before, limit);
        found.push(...page);
        if (page.length < limit) break;
        before = entries[(page.at(-1) ?? 0) - 1];
      }
      const sorted = [...entries].sort((a, b) => compareEntries(b, a));
      expect(found).toEqual(sorted.map(({ arrival }) => arrival));
    }),
    { numRuns: 100 },
  );
});

test('common words and long lists of places survive the slices that they are kept in', () => {
  const index = new MessageIndex();
  const count = 3000;
  for (let i = 1; i <= count; i++) index.put(place(i), `every ${'word '.repeat(i % 5)}no${i % 97}`);
  expect(index.find(parseQuery('every', 0).clauses, everything, undefined, count)).toHaveLength(
    count,
  );
  const four = index.find(
    parseQuery('"word word word word"', 0).clauses,
    everything,
    undefined,
    count,
  );
  expect(four).toHaveLength(count / 5);
  expect(search(index, '"word no13"').every((arrival) => arrival % 97 === 13)).toBe(true);
});

test('a filter leaves out authors, groups and times', () => {
  const index = indexOf('x', 'x', 'x', 'x');
  const find = (over: object) =>
    index.find(parseQuery('x', 0).clauses, { ...everything, ...over }, undefined, 10);
  expect(find({ authors: new Set([testKey(1)]) })).toEqual([4, 1]);
  expect(find({ notAuthors: new Set([testKey(1)]) })).toEqual([3, 2]);
  expect(find({ groups: new Set() })).toEqual([]);
  expect(find({ notGroups: new Set([place(1).feed.group]) })).toEqual([]);
  expect(find({ since: 2, until: 4 })).toEqual([3, 2]);
});
