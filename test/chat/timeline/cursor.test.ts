import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCursor, parseCursor } from '../../../src/chat/timeline/cursor.ts';

const arrivals = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('a cursor comes back as the arrival number that it was made of', () => {
  fc.assert(
    fc.property(arrivals, (arrival) => {
      expect(parseCursor(formatCursor(arrival), arrival)).toBe(arrival);
      expect(parseCursor(String(arrival), arrival)).toBe(arrival);
    }),
  );
});

test('cursors grow as text as they grow as numbers', () => {
  fc.assert(
    fc.property(arrivals, arrivals, (a, b) => {
      expect(formatCursor(a) < formatCursor(b)).toBe(a < b);
    }),
  );
});

test('now is the latest arrival, 0 the very beginning', () => {
  expect(parseCursor('now', 7)).toBe(7);
  expect(parseCursor('0', 7)).toBe(0);
});

test('a cursor of an arrival that is on disk and not announced yet is accepted', () => {
  expect(parseCursor('9', 7, 9)).toBe(9);
  expect(parseCursor('now', 7, 9)).toBe(7);
});

test.each(['', ' 1', '-1', '1.0', '0x1', '1e3', 'NOW', '١', '00000000000000001', '1\n'])(
  'the cursor %j is refused as malformed',
  (text) => {
    expect(() => parseCursor(text, 10)).toThrow(
      expect.objectContaining({
        code: 'bad-cursor',
        hint: expect.stringContaining('now') as string,
      }),
    );
  },
);

test.each(['11', '9999999999999999', '9007199254740993'])(
  'the cursor %s beyond the latest arrival is refused with a hint',
  (text) => {
    expect(() => parseCursor(text, 10)).toThrow(
      expect.objectContaining({
        code: 'bad-cursor',
        hint: expect.stringContaining('0 or now') as string,
      }),
    );
  },
);
