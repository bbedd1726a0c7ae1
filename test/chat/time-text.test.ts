import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoOfTime } from '../../src/chat/time-text.ts';

test('every time of a root is written as Date writes it, cut to milliseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (time) => {
      expect(isoOfTime(time)).toBe(new Date(Math.floor(time / 1000)).toISOString());
    }),
  );
});

test.each(['1970-01-01', '1999-12-31', '2000-02-29', '2000-03-01', '2100-02-28', '2100-03-01'])(
  'the last microsecond of %s is in it',
  (day) => {
    const end = Date.parse(`${day}T23:59:59.999Z`) * 1000 + 999;
    expect(isoOfTime(end)).toBe(`${day}T23:59:59.999Z`);
  },
);
