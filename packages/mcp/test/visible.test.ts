import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, makeVisible } from '../src/visible.ts';

test.each([
  ['tags, in which instructions are hidden', 'a\u{e0049}\u{e0047}', 'a\\u{e0049}\\u{e0047}'],
  ['marks that turn the direction of a line', 'a\u202eb', 'a\\u{202e}b'],
  ['a carriage return, which overwrites a line', 'a\rb', 'a\\u{d}b'],
  ['other ends of lines', 'a\u2028b\u2029c\u0085d\u000be', 'a\\u{2028}b\\u{2029}c\\u{85}d\\u{b}e'],
  ['escape codes of terminals', '\u001b[2J', '\\u{1b}[2J'],
  ['spaces of no width', 'a\u200bb\u2060c\ufeff', 'a\\u{200b}b\\u{2060}c\\u{feff}'],
  ['variation selectors, in which bytes are hidden', '😀\u{e0100}', '😀\\u{e0100}'],
  ['a row of emoji forms, likewise', '😀\ufe0f\ufe0e\ufe0f', '😀\ufe0f\\u{fe0e}\\u{fe0f}'],
  ['a row of joiners, likewise', 'a\u200d\u200c\u200d', 'a\u200d\\u{200c}\\u{200d}'],
  ['letters that are drawn as nothing', 'a\u3164b', 'a\\u{3164}b'],
])('%s are written out', (_what, text, visible) => {
  expect(makeVisible(text)).toBe(visible);
});

test.each(['two\nlines\tand a tab', '👨‍👩‍👧', '❤️‍🔥', 'می‌خواهم', 'naïve 日本語', 'C:\\u{41}'])(
  'what people write stays as it is: %j',
  (text) => {
    expect(makeVisible(text)).toBe(text);
  },
);

test('no text keeps a hidden character behind another one', () => {
  const hidden = fc.constantFrom(
    '\u200b',
    '\u200c',
    '\u200d',
    '\ufe0f',
    '\u{e0041}',
    'a',
    '\n',
    '😀',
  );
  fc.assert(
    fc.property(fc.string({ unit: hidden, maxLength: 40 }), (text) => {
      const visible = makeVisible(text);
      expect(visible).not.toMatch(/[\u200b\u{e0041}]/u);
      expect(visible).not.toMatch(/[\u200c\u200d\ufe0f](?!(?<=\ufe0f)\u200d)[\u200c\u200d\ufe0f]/u);
    }),
  );
});

test('a cut text comes back whole, part by part, and never with half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 9 }), (text, size) => {
      const parts: string[] = [];
      for (let offset = 0; ;) {
        const { part, end, isCut } = cut(text, size, offset);
        expect(part.length).toBeLessThanOrEqual(size);
        expect(part).not.toMatch(/\p{Surrogate}/u);
        parts.push(part);
        if (!isCut) break;
        offset = end;
      }
      expect(parts.join('')).toBe(text);
    }),
  );
});

test('an offset into the middle of a character begins with the character', () => {
  expect(cut('a😀b', 4, 2).part).toBe('😀b');
  expect(cut('abc', 4, 99)).toEqual({ part: '', end: 3, isCut: false });
});
