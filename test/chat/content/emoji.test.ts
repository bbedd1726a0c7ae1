import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../../src/bytes.ts';
import { isEmoji, parseEmoji } from '../../../src/chat/content/emoji.ts';

test.each(['👍', '❤️', '👨‍👩‍👧‍👦', '👍🏽', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🇨🇭', '✓', '+1', 'ok', '¡'])('%s is an emoji', (text) => {
  expect(parseEmoji(text)).toBe(text);
});

test.each([
  ['nothing', ''],
  ['a space', ' '],
  ['a space within', 'o k'],
  ['a newline', 'a\n'],
  ['a control', '\u0007'],
  ['an escape', '\u001b[2J'],
  ['a reversal', '\u202Ea'],
  ['a lone joiner', '\u200D'],
  ['a lone selector', '\uFE0F'],
  ['an invisible space', 'a\u200B'],
  ['a byte order mark', '\uFEFFa'],
  ['half a character', '\uD83D'],
  ['nine code points', '123456789'],
  ['33 bytes', '👍👍👍👍👍👍👍👍a'],
  ['megabytes', 'x'.repeat(1e6)],
])('%s is none', (_, text) => {
  expect(isEmoji(text)).toBe(false);
  expect(() => parseEmoji(text)).toThrow(expect.objectContaining({ code: 'bad-field' }));
});

test('what was parsed is an emoji, within its bounds, and parsing it again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (text) => {
      let emoji: string;
      try {
        emoji = parseEmoji(text);
      } catch {
        return;
      }
      expect(isEmoji(emoji)).toBe(true);
      expect(parseEmoji(emoji)).toBe(emoji);
      expect(utf8(emoji).length).toBeLessThanOrEqual(32);
    }),
  );
});

test('two spellings of one sign are the same reaction', () => {
  expect(parseEmoji('e\u0301')).toBe('\u00e9');
  expect(isEmoji('e\u0301')).toBe(false);
});
