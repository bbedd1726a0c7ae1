import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseUtf8, utf8 } from '../../../src/bytes.ts';
import { parseBase32, toBase32 } from '../../../src/chat/groups/base32.ts';

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('%j is written as RFC 4648, section 10, has it, without padding: %s', (text, base32) => {
  expect(toBase32(utf8(text))).toBe(base32);
  expect(parseUtf8(parseBase32(base32.toLowerCase()) ?? new Uint8Array())).toBe(text);
});

test('any bytes come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(parseBase32(toBase32(bytes))).toEqual(bytes);
    }),
    { numRuns: 200 },
  );
});

test('any text that is taken is the one form of its bytes', () => {
  const character = fc.constantFrom('A', 'B', 'E', 'I', 'Q', 'Z', '2', '4', '7');
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      const bytes = parseBase32(text);
      if (bytes !== undefined) expect(toBase32(bytes)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test.each(['A', 'AAA', 'AAAAAA', 'MZ', 'MY======', 'M1', 'M-', 'ÄÄ', 'ſA', 'ßA'])(
  '%s is refused',
  (text) => {
    expect(parseBase32(text)).toBeUndefined();
  },
);
