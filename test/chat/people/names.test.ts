import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanName, parseName } from '../../../src/chat/people/names.ts';

const anyText = fc.string({ unit: fc.nat({ max: 0xffff }).map((u) => String.fromCharCode(u)) });
const trickyText = fc.string({
  unit: fc.constantFrom('a', 'é', 'e\u0301', ' ', '\n', '\u200B', '\u202E', '\uFEFF', '\u{1F600}'),
  maxLength: 200,
});

test('a clean name has no controls, no direction marks, no outer spaces, and at most 64 characters', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, trickyText), (text) => {
      const name = cleanName(text);
      expect(name).not.toMatch(/[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/u);
      expect(name).toBe(name.trim());
      expect(Array.from(name).length).toBeLessThanOrEqual(64);
    }),
  );
});

test('cleaning a clean name changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, trickyText), (text) => {
      expect(cleanName(cleanName(text))).toBe(cleanName(text));
    }),
  );
});

test.each([
  ['  alice\t bob\n', 'alice bob'],
  ['ali\u202Ece', 'alice'],
  ['a \u200B b', 'a b'],
  ['\u0007\u001b[31mred', '[31mred'],
  ['👩\u200D🚒', '👩\u200D🚒'],
  ['\u200B\uFEFF ', ''],
  ['\u{1F600}'.repeat(65), '\u{1F600}'.repeat(64)],
])('%j becomes %j', (given, name) => {
  expect(cleanName(given)).toBe(name);
});

test.each(['', ' lobby', 'a\nb', 'a\u202Eb', 'x'.repeat(65), 'a  b', '\uD800'])(
  'a configured name %j is refused rather than changed',
  (name) => {
    expect(() => parseName(name)).toThrow(expect.objectContaining({ code: 'bad-field' }));
  },
);

test('two ways to write the same letter are one name', () => {
  expect(parseName('cafe\u0301')).toBe(parseName('caf\u00e9'));
});
