import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuery } from '../../../src/chat/search/query.ts';
import { SkychatError } from '../../../src/errors.ts';

const now = 1_800_000_000_000_000;

test('a line is read into words, a phrase, and who, where and when', () => {
  const line = `Disk "of the" -"not so" -no from:alice -from:"Bob B" IN:ops after:7d before:2027-01-01 fu`;
  const { clauses, from, in: groups, since, until } = parseQuery(line, now);
  const words = clauses.map(({ elements, isNegated }) => [
    isNegated,
    ...elements.map(({ text, isPrefix }) => text + (isPrefix ? '*' : '')),
  ]);
  expect(words).toEqual([
    [false, 'disk'],
    [false, 'of', 'the'],
    [true, 'not', 'so'],
    [true, 'no'],
    [false, 'fu*'],
  ]);
  expect(from).toEqual([
    { name: 'alice', isNegated: false },
    { name: 'Bob B', isNegated: true },
  ]);
  expect(groups).toEqual([{ name: 'ops', isNegated: false }]);
  expect([since, until]).toEqual([now - 7 * 86_400e6, Date.parse('2027-01-01') * 1000]);
});

test('what only looks like an operator is words', () => {
  const { clauses } = parseQuery('http://host:80 error:full 12:30', now);
  expect(clauses.map(({ elements }) => elements.map(({ text }) => text))).toEqual([
    ['http', 'host', '80'],
    ['error', 'full'],
    ['12', '30'],
  ]);
});

test.each([
  ['', 'empty'],
  ['  ', 'empty'],
  ['"open', 'quotation mark'],
  ['"a"b', 'quotation mark'],
  ['a"b" "', 'quotation mark'],
  ['""', 'nothing behind'],
  ['-', 'nothing behind'],
  ['from:', 'nothing behind from:'],
  ['!!!', 'no word in "!!!"'],
  ['before:yesterday', 'before: needs a time'],
  ['-after:7d', 'the other one'],
  ['x'.repeat(1001), 'more than 1000'],
  ['x '.repeat(33), 'more than 32'],
])('%j is refused with what is wrong', (line, words) => {
  const read = (): unknown => parseQuery(line, now);
  expect(read).toThrow(words);
  expect(read).toThrow(expect.objectContaining({ code: 'bad-field' }) as Error);
});

test('whatever is written is read or refused', () => {
  const unit = fc.constantFrom('"', '-', ':', ' ', 'a', 'from:', 'before:', '日', '\u0301', '“');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 12 }), fc.string()), (line) => {
      try {
        for (const { elements } of parseQuery(line, now).clauses) {
          expect(elements.length).toBeGreaterThan(0);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(SkychatError);
      }
    }),
  );
});
