import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptWords, megabytesOf, parseKept, spanOf } from '../../src/web/model/kept.ts';

test.each([
  [null, null, 'for good', '', ''],
  [604_800 * 52, null, 'for 52 weeks', '52w', ''],
  [86_400, null, 'for 1 day', '1d', ''],
  [129_600, 2_500_000, 'for 36 hours and up to 2.5 MB', '36h', '2.5'],
  [3660, null, 'for 61 minutes', '61m', ''],
  [3601, null, 'for 3601 seconds', '3601s', ''],
  [null, 1, 'up to 0.000001 MB', '', '0.000001'],
])('a bound of %s s and %s bytes is said, and written', (age, bytes, words, span, megabytes) => {
  expect(keptWords({ age_s: age, bytes })).toBe(words);
  expect(spanOf(age)).toBe(span);
  expect(megabytesOf(bytes)).toBe(megabytes);
});

test.each([
  ['', '', { age: null, bytes: null }],
  [' 30D ', '', { age: '30d', bytes: null }],
  ['', '0,5', { age: null, bytes: 500_000 }],
  ['36h', '100', { age: '36h', bytes: 100_000_000 }],
])('%j and %j ask for what they say', (age, megabytes, bounds) => {
  expect(parseKept(age, megabytes)).toEqual(bounds);
});

test.each([
  ['soon', ''],
  ['30', ''],
  ['d', ''],
  ['-3d', ''],
  ['', '0'],
  ['', '-1'],
  ['', 'much'],
  ['', '1e300'],
])('%j and %j are no bounds', (age, megabytes) => {
  expect(parseKept(age, megabytes)).toBeUndefined();
});

test('what is shown of a setting asks for the same setting', () => {
  const bound = fc.option(fc.integer({ min: 1, max: 1e12 }));
  fc.assert(
    fc.property(bound, bound, (age, bytes) => {
      const lengths = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
      const asked = parseKept(spanOf(age), megabytesOf(bytes)) as {
        age: string | null;
        bytes: number | null;
      };
      const unit = asked.age?.at(-1) as keyof typeof lengths | undefined;
      const seconds = unit === undefined ? null : Number.parseInt(asked.age ?? '') * lengths[unit];
      expect([seconds, asked.bytes]).toEqual([age, bytes]);
    }),
  );
});
